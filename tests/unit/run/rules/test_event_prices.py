"""The price of an event: counted with and without it, divided by records, multiplied by a log's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.guest.inside.hearing import tally
from harness.guest.kernels.images import KernelImage
from harness.guest.together import GuestFailedError
from harness.kernel.rules.fields import Action, FilterList
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.tagged import silenced, tag_of
from harness.kernel.status import AuditStatus
from harness.model.cost import Bill, Priced
from harness.model.stored.environment import StoredGuest
from harness.reporters.documents.cost import cost_document
from harness.reporters.page import Grid
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.cost import by_key, cost_page
from harness.run.rules import events as event_guests
from harness.run.rules.bill_log import with_log
from harness.run.rules.coverage import rule_at
from harness.run.rules.event_bill import with_events
from harness.run.rules.events import CALLS, EventTrial, rules_behind
from tests.support.rule_lines import loaded_rules as rules
from tests.support.schemas import schema
from tests.support.worker_documents import worker_document

NET = "-a always,exit -F arch=b64 -S connect -k net"
EXEC = "-a always,exit -F arch=b64 -S execve -k exec"
MOUNT = "-a always,exit -F arch=b64 -S mount -k mounts"
QUIET = "-a never,exit -F arch=b64 -S connect -F exe=/bin/true"
SESSION, OPS = 7, 100
CONNECT, EXECVE, SENDTO = 42, 59, 44
DAY_MS = 24 * 3600 * 1000


def bill(loaded: tuple[LoadedRule, ...]) -> Bill:
    return Bill(
        files=(loaded[0].place.file,),
        lines=tuple(Priced(rule_at(rule), 19.0, 0.0) for rule in loaded),
        no_rules=500.0,
        any_rule=340.0,
        whole=340.0 + 19.0 * len(loaded),
        floor=0.0,
        guest=StoredGuest(kernel="6.1"),
    )


def answer(per_op: float, kauditd: float, consumer: float, events: int) -> dict[str, Any]:
    """What a guest says of a trial of OPS operations."""
    call = {"complete": events * OPS, "partial": 0, "records": 0}
    group = {"by_syscall": {"connect": call} if events else {}}
    status = asdict(AuditStatus(**dict.fromkeys(AuditStatus.__dataclass_fields__, 0)))
    return {
        "event": "trial",
        "instructions_per_op": per_op,
        "kauditd_ns": kauditd * OPS,
        "consumer_ns": consumer * OPS,
        "markers_sent": 2,
        "status_before": status,
        "status_after": status,
        "worker": worker_document(ops=OPS, session=SESSION),
        "consumer": {"sessions": {str(SESSION): group}},
    }


def trials(load: str, *, events: int, each: float) -> list[tuple[EventTrial, dict[str, Any]]]:
    """Two boots of a load whose events cost so much in itself, a tenth in kauditd and consumer."""
    part = events * each / 10
    recorded = answer(1000 + events * each, part, part, events)
    silent = answer(1000, 0, 0, 0)
    pair = [(EventTrial(load, True), recorded), (EventTrial(load, False), silent)]
    return pair * 2


def call(key: str, number: int, events: int, records: int) -> dict[str, Any]:
    return {"key": key, "number": number, "events": events, "records": records,
            "bytes": 100 * records}  # fmt: skip


def shape(key: bytes, number: int, events: int, records: int) -> dict[str, Any]:
    return {"key": key, "number": number, "arch": 0xC000003E, "exit": 0, "exe": b"/bin/x",
            "auid": 1000, "uid": 0, "events": events, "records": records,
            "bytes": 100 * records}  # fmt: skip


def priced(loaded: tuple[LoadedRule, ...]) -> Bill:
    """Connects by the first line, execve by the second, with 3 and 6 records; 10,000 a record."""
    heard = [
        {"load": "connect", "calls": [call(tag_of(0), CONNECT, 20, 60)]},
        {"load": "shells", "calls": [call(tag_of(1), EXECVE, 20, 120)]},
    ]
    answered = trials("connect", events=1, each=30_000) + trials("shells", events=1, each=60_000)
    return with_events(bill(loaded), loaded, heard, answered)


def test_an_event_costs_what_it_costs_more_to_record_it(tmp_path: Path) -> None:
    found = priced(rules(tmp_path, NET, EXEC, MOUNT))
    net, execve, mount = (line.event for line in found.lines)
    assert net is not None
    assert execve is not None
    assert (net.load, net.kauditd, net.consumer) == pytest.approx((30_000, 3_000, 3_000))
    assert (net.records, net.total, net.loads) == (3, pytest.approx(36_000), ("connect",))
    assert execve.total == pytest.approx(72_000)
    assert mount is None
    assert found.record_price == pytest.approx(12_000)


def test_the_bytes_are_those_of_the_rules_own_key(tmp_path: Path) -> None:
    found = priced(rules(tmp_path, NET, EXEC, MOUNT)).lines[0].event
    assert found is not None
    assert found.bytes == 300 + len('"net"') - len(f'"{tag_of(0)}"')


def test_events_of_several_lines_are_parted_by_their_records(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET, EXEC)
    calls = [call(tag_of(0), CONNECT, 20, 60), call(tag_of(2), SENDTO, 20, 20)]
    found = with_events(
        bill(loaded), loaded, [{"load": "udp", "calls": calls}],
        trials("udp", events=2, each=20_000),
    )  # fmt: skip
    (load,) = found.loads
    assert (load.events, load.price.records, load.behind) == (2, 2, True)
    assert [rule.line for rule in load.lines] == [1]
    assert load.price.total == pytest.approx(24_000)
    event = found.lines[0].event
    assert event is not None
    assert event.total == pytest.approx(36_000)
    assert found.lines[1].event is None


def test_a_log_is_priced_by_its_records(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET, EXEC, MOUNT)
    shapes = [
        shape(b"net", CONNECT, 10, 30),
        shape(b"exec", EXECVE, 10, 80),
        shape(b"mounts", 165, 2, 10),
        shape(b"other", CONNECT, 1, 3),
    ]
    found = with_log(priced(loaded), loaded, shapes, (0, DAY_MS // 2))
    costs = [line.logged and line.logged.instructions for line in found.lines]
    assert costs == pytest.approx([360_000, 960_000, 120_000])
    days = [line.logged and line.logged.instructions_per_day for line in found.lines]
    assert days == pytest.approx([720_000, 1_920_000, 240_000])
    assert found.unassigned is not None
    shares = [line.logged and line.logged.share for line in found.lines]
    assert sum(each or 0 for each in shares) + (found.unassigned.share or 0) == pytest.approx(1)
    assert [total.key for total in by_key(found)] == ["exec", "net", "mounts"]
    jsonschema.validate(cost_document(found), schema("cost"))
    grid = next(p for p in cost_page(found).parts if isinstance(p, Grid) and p.name == "log")
    assert [row[0].text for row in grid.rows] == ["2", "1", "3", "none"]
    assert [row[4].text for row in grid.rows] == ["96,000", "36,000", "~60,000", "~36,000"]


def test_a_log_without_time_has_shares_and_nothing_per_day(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET, EXEC)
    found = with_log(priced(loaded), loaded, [shape(b"net", CONNECT, 10, 30)], (5, 5))
    logged = found.lines[0].logged
    assert logged is not None
    assert (logged.instructions_per_day, logged.share) == (None, 1)
    jsonschema.validate(cost_document(found), schema("cost"))


def test_trials_that_lost_events_price_nothing_and_are_said(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET)
    answered = trials("connect", events=1, each=30_000)
    for _, said in answered:
        said["status_after"] = {**said["status_after"], "lost": 3}
    heard = [{"load": "connect", "calls": [call(tag_of(0), CONNECT, 20, 60)]}]
    found = with_events(bill(loaded), loaded, heard, answered)
    assert found.lines[0].event is None
    assert found.record_price is None
    assert [caution.name for caution in found.cautions] == ["invalid-trials"]
    logged = with_log(found, loaded, [shape(b"net", CONNECT, 10, 30)], (0, DAY_MS))
    assert "Events recorded:" in page_markdown(cost_page(logged))
    jsonschema.validate(cost_document(logged), schema("cost"))


def test_a_load_that_was_not_heard_has_no_price(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET)
    heard = [{"load": "connect", "failed": "OSError"}]
    found = with_events(bill(loaded), loaded, heard, trials("connect", events=1, each=1000))
    assert found.loads == ()


def test_silenced_rules_match_alike_and_record_nothing(tmp_path: Path) -> None:
    loaded = rules(tmp_path, QUIET, NET, "-a always,exclude -F msgtype=CWD", MOUNT)
    bare = [rule.view.rule for rule in loaded]
    silent = silenced(bare)
    assert [rule.fields for rule in silent] == [rule.fields for rule in bare]
    assert [rule.mask for rule in silent] == [rule.mask for rule in bare]
    others = {rule.action for rule in silent if rule.filter_list != FilterList.EXCLUDE}
    assert others == {Action.NEVER}
    (exclude,) = (rule for rule in silent if rule.filter_list == FilterList.EXCLUDE)
    assert exclude.action == Action.ALWAYS


def test_rules_that_become_equal_in_silence_are_loaded_once(tmp_path: Path) -> None:
    loaded = rules(tmp_path, NET)
    rule = loaded[0].view.rule
    assert len(silenced([replace(rule, action=Action.NEVER), rule])) == 1


def test_each_load_is_recorded_by_a_rule_behind_the_file() -> None:
    assert len(rules_behind()) == len(CALLS)
    assert len({rule.to_bytes() for rule in rules_behind()}) == len(CALLS)


def test_events_are_tallied_as_a_raw_log_has_them() -> None:
    head = b"audit(1.000:%d): "
    own = b'arch=c000003e syscall=42 pid=5 ses=7 comm="a" key="auditbench-0"'
    records = [
        (1300, head % 1 + own + b"\0"),
        (1306, head % 1 + b"saddr=00"),
        (1320, head % 1),
        (1300, head % 2 + own.replace(b"ses=7", b"ses=8")),
        (1305, head % 3 + b"op=add_rule ses=7"),
    ]
    (found,) = tally(records, 7)
    lines = [b"type=SYSCALL msg=" + head % 1 + own, b"type=SOCKADDR msg=" + head % 1 + b"saddr=00"]
    assert found == {
        "key": "auditbench-0",
        "number": 42,
        "events": 1,
        "records": 2,
        "bytes": sum(len(line) + 1 for line in lines),
    }


def test_events_counted_before_a_guest_failed_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def boots(_kernel: KernelImage, roots: list[bytes], _say: Any) -> Iterator[tuple[int, Any]]:
        assert len(roots) == 2
        yield 0, {"event": "trial", "index": 0, "instructions_per_op": 5.0}
        raise GuestFailedError("the guest said nothing for 600 s")

    monkeypatch.setattr(event_guests, "run_boots", boots)
    image = KernelImage("a.deb", "6.1.0", b"")
    answers = event_guests.count_events(image, {}, [], lambda _words: None)
    trials = [trial for trial, _ in answers]
    assert sorted(map(str, trials)) == sorted(map(str, 2 * [*dict.fromkeys(trials)]))
    assert len(answers) == 2 * 2 * len(CALLS)
    counts = [said for _, said in answers if said["event"] == "trial"]
    assert [each["instructions_per_op"] for each in counts] == [5.0]
    loaded = rules(tmp_path, NET)
    lost = with_events(bill(loaded), loaded, [], answers[1:])
    (caution,) = lost.cautions
    assert "in 15 of the trials: connect: the guest said nothing for 600 s" in caution.what
    assert not lost.trustworthy
    assert [line.tax for line in lost.lines] == [19.0]
