"""Events out of records: when they are complete, and what becomes of those that are not."""

from __future__ import annotations

import resource
from typing import Any

import pytest

from consumer.event.assemble import Assembler
from consumer.receiving.parse import feed_frames
from consumer.receiving.pipeline import Pipeline
from tests.support.records.audit_records import (
    CONFIG_CHANGE,
    LOGIN,
    STAMP_MS,
    URINGOP,
    Maker,
    Records,
    datagrams,
    frames,
    split_command,
)
from tests.support.records.parsed_records import parse_buffer


def counted(records: Records, **options: Any) -> dict[str, Any]:
    assembler = Assembler(**options) if options else None
    return parse_buffer(frames(datagrams(records)), "assemble", assembler=assembler)


def without(records: Records, *types: int) -> Records:
    return [record for record in records if record[0] not in types]


def outcome(records: Records, **options: Any) -> tuple[int, int]:
    """How many events were complete, and partial."""
    events = counted(records, **options)["events"]
    return events["complete"], events["partial"]


def missing(records: Records, **options: Any) -> int:
    (group,) = counted(records, **options)["sessions"].values()
    return int(group["missing_records"])


def test_connect() -> None:
    counters = counted(Maker(5).connect())
    assert counters["sessions"] == {
        "7": {
            "events": 1,
            "complete": 1,
            "partial": 0,
            "records": 4,
            "bytes": sum(len(text) for _, text in Maker(5).connect()),
            "missing_records": 0,
            "missing_auxiliary": 0,
            "after_marker": 0,
            "by_syscall": {"42": {"complete": 1, "partial": 0, "records": 4}},
            "other": {},
        }
    }


@pytest.mark.parametrize("lost", [1306, 1320, 1327])
def test_a_lost_record_makes_the_event_partial(lost: int) -> None:
    records = without(Maker(5).connect(), lost)
    assert outcome(records) == (0, 1)
    assert missing(records) == 1
    assert counted(records)["sessions"]["7"]["by_syscall"]["42"]["partial"] == 1


def test_without_its_syscall_record_an_event_belongs_to_nobody() -> None:
    counters = counted(without(Maker(5).connect(), 1300))
    assert counters["events"]["partial"] == 1
    assert counters["sessions"] == {}


@pytest.mark.parametrize(
    ("result", "length", "reads"),
    [
        (0, 16, True),
        (-111, 16, True),
        (-115, 16, True),
        (-4, 16, True),
        (-22, 16, True),
        (-9, 16, False),
        (-14, 16, False),
        (-88, 16, False),
        (-12, 16, False),
        (-22, 0, False),
        (-22, 129, False),
        (None, 16, False),
    ],
)
def test_an_address_is_implied_where_the_kernel_read_one(
    result: int | None, length: int, reads: bool
) -> None:
    records = Maker(5).connect(result=result, arguments=(3, 0x7FFD, length, 0))
    assert outcome(without(records, 1306)) == ((0, 1) if reads else (1, 0))
    assert outcome(records) == (1, 0)


def test_execve_needs_all_names() -> None:
    records = Maker(5).execve(items=3)
    assert outcome(records) == (1, 0)
    assert missing(without(records, 1302)) == 3
    assert missing(without(records, 1302, 1307, 1309)) == 5
    failed = [Maker(5).syscall(59, result=-2, items=1), *without(records, 1300, 1309)[:2]]
    assert outcome([*failed, *Maker(5).closing()]) == (1, 0)


def test_execve_needs_all_arguments() -> None:
    words = ["/bin/true", "", "x" * 300, "y z" * 200, *"abc"]
    bodies = split_command(words, budget=100)
    assert len(bodies) > 10
    records = Maker(5).execve(bodies)
    assert outcome(records) == (1, 0)
    assert outcome(records[::-1]) == (1, 0)
    for index, (record_type, _) in enumerate(records):
        if record_type == 1309:
            assert outcome(records[:index] + records[index + 1 :]) == (0, 1)


def test_names_of_queues_may_be_hidden() -> None:
    records = [Maker(5).syscall(241, items=2), Maker(5).record(1307, 'cwd="/"')]
    assert outcome([*records, Maker(5).path(0), *Maker(5).closing()]) == (1, 0)
    assert outcome([*records, *Maker(5).closing()]) == (0, 1)


def test_many_names() -> None:
    paths = [Maker(5).path(item) for item in range(200)]
    cwd = Maker(5).record(1307, 'cwd="/"')
    records = [Maker(5).syscall(313, items=200), cwd, *paths, *Maker(5).closing()]
    assert outcome(records) == (1, 0)
    assert outcome(without(records[:150] + records[151:])) == (0, 1)
    doubled = [record for record in records for _ in range(2)]
    counters = counted(doubled)
    assert counters["events"]["complete"] == 1
    assert counters["events"]["duplicate_records"] == len(records)


def test_excluded_types_are_not_expected() -> None:
    records = Maker(5).connect()
    assert outcome(without(records, 1327), excluded_types=[1327]) == (1, 0)
    assert outcome(without(records, 1327, 1320), excluded_types=[1327, 1320]) == (1, 0)
    execve = Maker(5).execve()
    assert outcome(without(execve, 1302, 1307), excluded_types=[1302, 1307]) == (1, 0)
    assert outcome(without(execve, 1309), excluded_types=[1309]) == (1, 0)
    assert outcome(without(execve, 1309), excluded_types=[1302]) == (0, 1)


def test_late_records_still_complete_an_event() -> None:
    syscall, address, title, end = Maker(5).connect()
    events = counted([syscall, end, address, title])["events"]
    assert events == {
        "complete": 1,
        "partial": 0,
        "duplicate_records": 0,
        "late_records": 2,
        "evicted": 0,
        "in_flight": 0,
        "unchecked_records": 0,
    }


def test_a_record_after_the_final_one_is_late_and_credited() -> None:
    counters = counted([*Maker(5).connect(), Maker(5).record(1400, "avc: late")])
    assert counters["events"]["late_records"] == 1
    assert counters["sessions"]["7"]["by_syscall"]["42"]["records"] == 5


def test_duplicates_count_once() -> None:
    records = [record for record in Maker(5).execve() for _ in range(3)]
    events = counted(records)["events"]
    assert (events["complete"], events["duplicate_records"]) == (1, 14)
    assert events["late_records"] == 0


def test_records_that_may_repeat_word_for_word_are_no_duplicates() -> None:
    denial = Maker(5).record(1400, "avc:  denied  { read }")
    events = counted([denial, denial, *Maker(5).connect()])["events"]
    assert (events["complete"], events["duplicate_records"]) == (1, 0)


def test_interleaved_events() -> None:
    rows = zip(*(Maker(serial).connect() for serial in range(100, 200)), strict=True)
    assert outcome([record for row in rows for record in row]) == (100, 0)


def test_same_serial_at_another_time_is_another_event() -> None:
    old, new = Maker(5).connect(), Maker(5, stamp_ms=STAMP_MS + 4).connect()
    mixed = [record for pair in zip(old, new, strict=True) for record in pair]
    assert outcome(mixed) == (2, 0)


def test_serials_wrap() -> None:
    records: Records = []
    for serial in (2**32 - 2, 2**32 - 1, 0, 2):
        records += Maker(serial).connect()
    counters = counted(records)
    assert counters["events"]["complete"] == 4
    assert counters["serials"] == {"first": 2**32 - 2, "last": 2, "distinct": 4, "gaps": 1}


def test_serials_out_of_order_and_too_old() -> None:
    records: Records = []
    for serial in (5_000_000, 4_999_990, 5_000_001, 4_999_990, 100):
        records += Maker(serial).connect()
    assert counted(records)["serials"] == {
        "first": 4_999_990,
        "last": 5_000_001,
        "distinct": 3,
        "gaps": 9,
    }


def test_the_oldest_gives_way() -> None:
    records: Records = []
    for serial in range(100):
        records += without(Maker(serial).connect(), 1320)
    events = counted(records, events=16)["events"]
    assert (events["evicted"], events["in_flight"], events["partial"]) == (84, 16, 100)


def test_user_messages_stand_alone() -> None:
    message = Maker(5).user_message("op=x ses=9")
    counters = counted([message, message])
    assert counters["events"]["complete"] == 1
    assert counters["events"]["duplicate_records"] == 1
    assert counters["sessions"]["7"]["other"] == {"1111": 1}


def test_a_login_is_not_its_system_call() -> None:
    maker = Maker(5, session=12)
    login = maker.record(LOGIN, "pid=9 uid=0 old-auid=1 auid=2 tty=(none) old-ses=3 ses=12 res=1")
    group = counted([login, maker.syscall(1), *maker.closing()])["sessions"]["12"]
    assert (group["other"], group["by_syscall"], group["records"]) == ({"1006": 1}, {}, 4)
    assert counted([login])["sessions"]["12"]["complete"] == 1


def test_config_change_alone_and_with_a_call() -> None:
    maker = Maker(5)
    change = maker.record(CONFIG_CHANGE, "op=set audit_enabled=1 old=0 auid=1 ses=7 res=1")
    alone = counted([change])
    assert alone["sessions"]["7"]["other"] == {"1305": 1}
    assert alone["events"]["complete"] == 1
    carried = counted([change, maker.syscall(44), *maker.closing()])
    assert carried["sessions"]["7"]["by_syscall"]["44"]["complete"] == 1
    assert outcome([change, *maker.closing()]) == (0, 1)


def test_what_nearly_all_events_of_a_call_have_is_missed_in_the_others() -> None:
    def execves(
        count: int, *, first: int, capabilities: bool, lost: tuple[int, ...] = ()
    ) -> Records:
        records: Records = []
        for serial in range(first, first + count):
            records += without(Maker(serial).execve(), *lost)
            if capabilities:
                records.insert(-1, Maker(serial).record(1321, "fver=0"))
        return records

    usual = execves(90, first=0, capabilities=True)
    odd = execves(5, first=90, capabilities=False)
    partial = execves(7, first=95, capabilities=False, lost=(1320,))
    assert counted(usual + odd + partial)["sessions"]["7"]["missing_auxiliary"] == 12
    many = execves(15, first=200, capabilities=False)
    assert counted(usual + odd + partial + many)["sessions"]["7"]["missing_auxiliary"] == 0


def test_inside_a_call_that_began_without_rules_less_is_implied() -> None:
    change = Maker(5).record(CONFIG_CHANGE, "op=set auid=1 ses=7 res=1")
    assert outcome([change, *without(Maker(5).connect(), 1306)]) == (1, 0)


def test_io_uring_of_a_worker_and_within_a_call() -> None:
    maker = Maker(5)
    operation = maker.record(URINGOP, "uring_op=18 success=yes exit=5 items=1 ppid=1 pid=2 uid=0")
    names = [maker.record(1307, 'cwd="/"'), maker.path(0)]
    end = maker.closing()[1]
    assert outcome([operation, *names, end]) == (1, 0)
    assert outcome([operation, names[0], end]) == (0, 1)
    inline = [operation, operation, maker.syscall(426, items=1), *names, *maker.closing()]
    assert outcome(inline) == (1, 0)
    assert outcome(without(inline, 1300)) == (0, 1)


def test_contexts_of_several_lsms() -> None:
    maker = Maker(5)
    call = maker.syscall(42, subject=" subj=?")
    contexts = maker.record(1425, "subj_selinux=a subj_apparmor=b")
    rest = maker.connect()[1:]
    assert outcome([call, contexts, *rest]) == (1, 0)
    assert outcome([call, *rest]) == (0, 1)
    names = [maker.syscall(2, items=1), maker.record(1307, 'cwd="/"'), maker.path(0, obj=" obj=?")]
    assert outcome([*names, *maker.closing()]) == (0, 1)
    assert outcome([*names, maker.record(1426, "obj_selinux=a"), *maker.closing()]) == (1, 0)
    assert outcome([*names, *maker.closing()], excluded_types=[1426]) == (1, 0)


def test_calls_of_another_architecture_are_named_with_it() -> None:
    maker = Maker(5)
    group = counted([maker.syscall(20, arch="40000003"), *maker.closing()])["sessions"]["7"]
    assert list(group["by_syscall"]) == ["40000003:20"]


def test_the_tree_follows_parents() -> None:
    pipeline = Pipeline("assemble")
    pipeline.assembler.follow_tree(50)
    records: Records = []
    for serial, (pid, ppid) in enumerate([(50, 1), (60, 50), (70, 60), (80, 1), (90, 80)]):
        records += Maker(serial, pid=pid, ppid=ppid).connect()
    feed_frames(pipeline, frames(datagrams(records)))
    tree = pipeline.finish()["tree"]
    assert (tree["events"], tree["records"]) == (3, 12)


def test_no_process_has_such_a_number() -> None:
    with pytest.raises(ValueError, match="no process"):
        Assembler().follow_tree(2**22)


def test_sessions_beyond_the_table_are_counted_in_the_totals_only() -> None:
    records: Records = []
    for session in range(4000):
        records += Maker(session, session=session).connect()
    counters = counted(records)
    assert counters["events"]["complete"] == 4000
    assert len(counters["sessions"]) == 3072
    assert counters["events_overflowed"] == 4000 - 3072
    assert sum(group["events"] for group in counters["sessions"].values()) == 3072


def endless_commands(events: int, records: int) -> Records:
    bodies = [f' a{index}="x"' for index in range(records)]
    return [Maker(100 + event).record(1309, body) for event in range(events) for body in bodies]


def test_an_event_keeps_no_more_fingerprints_than_it_may() -> None:
    huge = endless_commands(1, 5000)
    counters = counted([*huge, *huge, *Maker(6).execve()])["events"]
    assert (counters["partial"], counters["complete"]) == (1, 1)
    assert counters["duplicate_records"] == 1 + 256 * 15
    assert counters["unchecked_records"] == 2 * (5000 - 1 - 256 * 15)


def test_duplicate_detection_survives_an_empty_pool() -> None:
    """Of 4,096 blocks of 15, nineteen events take 207 each; the last wants more than is left."""
    huge = endless_commands(20, 3100)
    events = counted([*huge, *Maker(6).execve()])["events"]
    assert (events["partial"], events["complete"]) == (20, 1)
    assert events["unchecked_records"] == 3099 - (4096 - 19 * 207) * 15
    again = counted([*huge, *Maker(6).execve(), *endless_commands(1, 100)])["events"]
    assert again["duplicate_records"] == 100


@pytest.mark.parametrize("events", [0, 4, 12])
def test_sizes_that_are_no_table(events: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Assembler(events)


def high_water_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_memory_is_constant() -> None:
    """A million records of whole and of never-ending events, after a first round of both."""
    whole, endless = [], []
    for serial in range(5000):
        whole += Maker(serial).execve()
        endless += without(Maker(serial, stamp_ms=STAMP_MS + 4 + serial).execve(), 1320)
    rounds = [frames(datagrams(whole)), frames(datagrams(endless))]
    pipeline = Pipeline("assemble")
    for data in rounds * 2:
        feed_frames(pipeline, data)
    before_kib = high_water_kib()
    while pipeline.records < 1_100_000:
        for data in rounds:
            feed_frames(pipeline, data)
    assert high_water_kib() - before_kib < 512


def test_events_after_the_last_marker_are_told() -> None:
    first, second = Maker(5).connect(), Maker(9).connect()
    overtaken = [Maker(6).user_message("mk:1"), *Maker(7).connect()]
    closed = [Maker(8).user_message("mk:2")]

    def after(records: Records) -> int:
        counters = parse_buffer(frames(datagrams(records)), "assemble", marker=b"mk")
        return int(counters["sessions"]["7"]["after_marker"])

    assert after(first) == 0
    assert after(first + overtaken) == 1
    assert after(first + overtaken + closed) == 0
    assert after(first + overtaken + closed + second) == 1
    # An event that began before the marker did not come after it, even if its end did.
    assert after(first[:2] + closed + first[2:]) == 0


def test_what_came_before_the_start_marker_is_counted_apart() -> None:
    """Also where its end is lost, and where it comes after the marker."""
    whole, cut = Maker(5).connect(), Maker(6).connect()[:2]
    late, start = Maker(8).connect(), [Maker(9).user_message("mk:0")]
    later = Maker(12).connect()
    records = whole + cut + late[:2] + start + late[2:] + later + [Maker(13).user_message("mk:1")]
    counters = parse_buffer(frames(datagrams(records)), "assemble", marker=b"mk")
    before = len(whole) + len(cut) + len(late) + 1
    assert counters["anchor"] == {"serial": 9, "events": 4, "records": before}
    assert counters["serials"] == {"first": 9, "last": 13, "distinct": 3, "gaps": 2}
    assert (counters["events"]["complete"], counters["events"]["partial"]) == (2, 0)
    own = counters["sessions"]["7"]
    assert (own["events"], own["records"], own["missing_records"]) == (2, len(later) + 1, 0)
    (call,) = own["by_syscall"].values()
    assert call == {"complete": 1, "partial": 0, "records": len(later)}
    assert counters["records"] == len(records)
    assert counters["markers"] == [0, 1]


def test_only_the_first_start_marker_counts() -> None:
    records = [Maker(4).user_message("mk:0"), *Maker(5).connect(), Maker(7).user_message("mk:0")]
    counters = parse_buffer(frames(datagrams(records)), "assemble", marker=b"mk")
    assert counters["anchor"]["serial"] == 4
    assert counters["serials"]["gaps"] == 1
    assert counters["sessions"]["7"]["after_marker"] == 0
    assert counters["sessions"]["7"]["complete"] == 2


def test_an_event_that_overtook_the_start_marker_leaves_no_gap() -> None:
    records = [*Maker(6).connect(), Maker(5).user_message("mk:0"), Maker(7).user_message("mk:1")]
    counters = parse_buffer(frames(datagrams(records)), "assemble", marker=b"mk")
    assert counters["serials"] == {"first": 5, "last": 7, "distinct": 3, "gaps": 0}
