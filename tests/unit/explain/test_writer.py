"""Which rule wrote an event: conditions, the kernel's order, and the evidence of the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.explain.records import read_events
from harness.kernel.rules.explain.writer import Explanation
from tests.support.records.explained_events import (
    STAMP,
    call_line,
    cwd_line,
    event_of,
    explanation,
    path_line,
)

B64 = "-a always,exit -F arch=b64"
ANY = f"{B64} -S openat -k any"


def answers(found: Explanation) -> list[tuple[int, bool | None, tuple[str, ...]]]:
    return [(each.rule.place.line, each.answer, each.why) for each in found.tried]


def writer(found: Explanation) -> int | None:
    return None if found.writer is None else found.writer.place.line


@pytest.mark.parametrize(
    ("rule", "fields", "why"),
    [
        ("-a always,exit -F arch=b32 -S open -k x", {}, "arch=b32"),
        (f"{B64} -S execve -k x", {}, "-S"),
        (f"{B64} -S openat -F exit=-EACCES -k x", {}, "exit=-EACCES"),
        (f"{B64} -S openat -F success=0 -k x", {}, "success=0"),
        (f"{B64} -S openat -F a2&0x40 -k x", {"a2": "80000"}, "a2&0x40"),
        (f"{B64} -S openat -F auid=1001 -k x", {}, "auid=1001"),
        (f"{B64} -S openat -F auid!=unset -k x", {"auid": 4294967295}, "auid!=-1"),
        (f"{B64} -S openat -F sessionid=4 -k x", {}, "sessionid=4"),
        (f"{B64} -S openat -F pers=8 -k x", {}, "pers=8"),
        (f"{B64} -S openat -F perm=w -k x", {"a2": "80000"}, "perm=w"),
        (f"{B64} -S openat -F exe=/usr/bin/cat -k x", {}, "exe=/usr/bin/cat"),
        (f"{B64} -S openat -F path=/etc/shadow -k x", {}, "path=/etc/shadow"),
        (f"{B64} -S openat -F dir=/var/log -k x", {}, "dir=/var/log"),
        (f"{B64} -S openat -C auid!=uid -k x", {"auid": 0}, "uid!=auid"),
        (f"{B64} -S openat -F obj_uid=33 -k x", {}, "obj_uid=33"),
        (f"{B64} -S openat -C uid!=obj_uid -k x", {}, "uid!=obj_uid"),
        ("-w /etc/shadow -p wa -k x", {}, "path=/etc/shadow"),
    ],
)
def test_the_condition_that_does_not_hold_is_named(
    rule: str, fields: dict[str, object], why: str, tmp_path: Path
) -> None:
    lines = (call_line(key="any", items=1, **fields), cwd_line(), path_line(0, "/etc/passwd"))
    found = explanation(tmp_path, (rule, ANY), *lines)
    assert (found.verdict, writer(found)) == ("rule", 2)
    assert answers(found) == [(1, False, (why,))]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (f"{B64} -S openat -F exe=/usr/bin/dash -k x", "exe=/usr/bin/dash"),
        (f"{B64} -S openat -F exe=/srv/root/bin/dash -k x", "exe=/srv/root/bin/dash"),
        (f"{B64} -S openat -F dir=/etc -k x", "dir=/etc"),
        (f"{B64} -S openat -F subj_type=init_t -k x", "subj_type=init_t"),
        (f"{B64} -S openat -F obj_type=etc_t -k x", "obj_type=etc_t"),
        (f"{B64} -S openat -F gid=27 -k x", "gid=27"),
        (f"{B64} -S openat -F path=/mnt/etc/passwd -k x", "path=/mnt/etc/passwd"),
    ],
)
def test_what_an_event_does_not_tell_is_said(rule: str, why: str, tmp_path: Path) -> None:
    lines = (call_line(key="any", items=1), cwd_line(), path_line(0, "/etc/passwd"))
    found = explanation(tmp_path, (rule, ANY), *lines)
    assert (found.verdict, writer(found)) == ("rule", 2)
    assert answers(found) == [(1, None, (why,))]


def test_a_comparison_with_an_owner_whose_record_is_missing_cannot_be_told(tmp_path: Path) -> None:
    rule = f"{B64} -S openat -C uid!=obj_uid -k x"
    found = explanation(tmp_path, (rule, ANY), call_line(key="any", items=1))
    assert answers(found) == [(1, None, ("uid!=obj_uid",))]


def test_rules_are_asked_in_the_kernels_order(tmp_path: Path) -> None:
    rules = (
        "-D",
        f"{B64} -S openat -k last",
        "-A always,exit -F arch=b64 -S openat -F success=0 -k front",
        "-w /etc/passwd -p r -k deleted",
        "-W /etc/passwd -p r -k deleted",
    )
    found = explanation(
        tmp_path, rules, call_line(key="last", items=1), path_line(0, "/etc/passwd")
    )
    assert (writer(found), answers(found)) == (2, [(3, False, ("success=0",))])


def test_the_key_tells_rules_apart_whose_conditions_do_not(tmp_path: Path) -> None:
    one = f"{B64} -S openat -F exe=/usr/bin/dash -k one"
    two = f"{B64} -S openat -F dir=/etc -k two"
    lines = (cwd_line(), path_line(0, "/etc/passwd"))
    for key, line in (("one", 1), ("two", 2), ("any", 3)):
        found = explanation(tmp_path, (one, two, ANY), call_line(key=key, items=1), *lines)
        assert (found.verdict, writer(found)) == ("rule", line)


def test_rules_with_the_same_key_that_cannot_be_told_apart_are_both_named(tmp_path: Path) -> None:
    one = f"{B64} -S openat -F exe=/usr/bin/dash -k any"
    found = explanation(tmp_path, (one, ANY), call_line(key="any"))
    assert (found.verdict, found.is_explained) == ("unknown", False)
    assert [rule.place.line for rule in found.candidates] == [1, 2]


def test_an_event_that_is_there_was_not_excluded(tmp_path: Path) -> None:
    never = "-a never,exit -F arch=b64 -S openat -F exe=/usr/bin/dash"
    found = explanation(tmp_path, (never, ANY), call_line(key="any"))
    assert (found.verdict, writer(found)) == ("rule", 2)
    certain = "-a never,exit -F arch=b64 -S openat"
    assert explanation(tmp_path, (certain, ANY), call_line(key="any")).verdict == "contradiction"


@pytest.mark.parametrize(
    ("key", "verdict"), [("any", "rule"), ("other", "contradiction"), (None, "contradiction")]
)
def test_a_key_that_is_not_that_of_the_rule_that_matches_is_said(
    key: str | None, verdict: str, tmp_path: Path
) -> None:
    assert explanation(tmp_path, (ANY,), call_line(key=key)).verdict == verdict


def test_a_key_whose_rule_does_not_match_is_a_contradiction(tmp_path: Path) -> None:
    found = explanation(tmp_path, (f"{B64} -S openat -F a2=1 -k x",), call_line(key="x"))
    assert (found.verdict, [rule.place.line for rule in found.candidates]) == ("contradiction", [1])


def test_a_key_that_no_rule_has_is_of_none_of_these(tmp_path: Path) -> None:
    found = explanation(tmp_path, (f"{B64} -S execve -k x",), call_line(key="y"))
    assert (found.verdict, found.reason) == ("none", "no rule has its key")


def test_one_rule_without_key_that_may_match_is_not_said_to_have_written_it(tmp_path: Path) -> None:
    found = explanation(tmp_path, (f"{B64} -S openat -F exe=/usr/bin/dash",), call_line())
    assert (found.verdict, len(found.candidates)) == ("unknown", 1)
    certain = explanation(tmp_path, (f"{B64} -S openat",), call_line())
    assert (certain.verdict, writer(certain)) == ("rule", 1)


def test_several_keys_are_one(tmp_path: Path) -> None:
    both = f"{B64} -S openat -k one -k two"
    line = call_line().replace("key=(null)", "key=" + b"one\x01two".hex().upper())
    assert writer(explanation(tmp_path, (f"{B64} -S openat -F a2=1 -k one", both), line)) == 2


@pytest.mark.parametrize(
    ("key", "owner", "line"), [("first", 1, 1), ("second", 1, None), ("second", 0, None)]
)
def test_the_first_path_that_a_rule_names_decides(
    key: str, owner: int, line: int | None, tmp_path: Path
) -> None:
    rules = ("-w /srv/a -p wa -k first", "-w /srv/b -p wa -k second")
    found = explanation(
        tmp_path, rules, call_line(82, key=key, items=2, a0="1", a1="2"), cwd_line(),
        path_line(0, "/srv/a", owner=owner), path_line(1, "/srv/b", owner=owner),
    )  # fmt: skip
    assert writer(found) == line


def test_an_earlier_rule_on_a_later_path_is_not_asked(tmp_path: Path) -> None:
    rules = ("-w /srv/b -p wa -k second", "-w /srv/a -p wa -k first")
    found = explanation(
        tmp_path, rules, call_line(82, key="first", items=2, a0="1", a1="2"), cwd_line(),
        path_line(0, "/srv/a"), path_line(1, "/srv/b", inode=2),
    )  # fmt: skip
    assert (found.verdict, writer(found)) == ("rule", 2)


def test_two_names_of_one_file_are_one(tmp_path: Path) -> None:
    rules = ("-w /srv/b -p wa -k second", "-w /srv/a -p wa -k first")
    found = explanation(
        tmp_path, rules, call_line(82, key="second", items=2, a0="1", a1="2"), cwd_line(),
        path_line(0, "/srv/a", kind="DELETE"), path_line(1, "/srv/b", kind="CREATE"),
    )  # fmt: skip
    assert (found.verdict, writer(found)) == ("rule", 1)


def test_a_path_rule_without_key_leaves_the_key_of_a_later_rule(tmp_path: Path) -> None:
    rules = ("-a always,exit -F path=/srv/a -F perm=wa", f"{B64} -S unlink -k removed")
    for key in ("removed", None):
        line = call_line(87, key=key, items=1, a0="1")
        path = path_line(0, "/srv/a", kind="DELETE")
        found = explanation(tmp_path, rules, line, cwd_line(), path)
        assert (found.verdict, writer(found)) == ("rule", 1)


def test_a_relative_path_begins_at_the_working_folder() -> None:
    lines = (call_line(key="any", items=1), cwd_line("/srv"), path_line(0, "./x/../a"))
    seen = event_of(*lines).seen
    assert seen is not None
    assert [touched.path for touched in seen.names or ()] == ["/srv/a"]


def test_a_relative_path_of_another_folder_is_known_by_its_last_part_only(tmp_path: Path) -> None:
    lines = (call_line(key="any", items=1, a0="5"), cwd_line("/srv"), path_line(0, "a"))
    rules = ("-w /srv/a -p r -k x", "-w /srv/b -p r -k y", ANY)
    assert [answer for _, answer, _ in answers(explanation(tmp_path, rules, *lines))] == [
        None,
        False,
    ]


def test_a_name_that_led_nowhere_matches_no_path(tmp_path: Path) -> None:
    line = call_line(key="any", items=1, success="no", exit=-2)
    missing = path_line(0, "/srv/a", kind="UNKNOWN")
    found = explanation(tmp_path, ("-w /srv/a -p r -k x", ANY), line, cwd_line(), missing)
    assert answers(found) == [(1, False, ("path=/srv/a",))]


def test_links_of_this_host_are_followed_unless_the_event_is_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    rules = (f"-w {tmp_path}/target -p r -k x",)
    lines = (call_line(key="x", items=1), cwd_line(), path_line(0, f"{tmp_path}/link"))
    assert writer(explanation(tmp_path, rules, *lines, elsewhere=False)) == 1
    found = explanation(tmp_path, rules, *lines)
    assert (found.verdict, [rule.place.line for rule in found.candidates]) == ("unknown", [1])
    assert "another name" in found.reason


def test_task_rules_were_asked_at_the_fork(tmp_path: Path) -> None:
    rules = ("-a always,task -F uid=0", ANY)
    found = explanation(tmp_path, rules, call_line(key="any"))
    assert (writer(found), answers(found)[0][:2]) == (2, (1, None))
    alone = explanation(tmp_path, rules[:1], call_line())
    assert (alone.verdict, [rule.place.line for rule in alone.candidates]) == ("unknown", [1])


def test_operations_of_io_uring_have_their_own_list(tmp_path: Path) -> None:
    line = (
        f"type=URINGOP {STAMP} uring_op=18 success=yes exit=0 items=0 ppid=1 pid=2 uid=0 gid=0"
        ' euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 subj=x key="ring"'
    )
    rules = (
        ANY,
        "-a always,io_uring -S openat -F uid=1 -k ring",
        "-a always,io_uring -S openat -k ring",
    )
    found = explanation(tmp_path, rules, line)
    assert (writer(found), answers(found)) == (3, [(2, False, ("uid=1",))])


@pytest.mark.parametrize(
    ("lines", "verdict", "said"),
    [
        (
            (f"type=USER_LOGIN {STAMP} pid=1 uid=0 auid=1 ses=1 msg='op=login'",),
            "none",
            "USER_LOGIN",
        ),
        ((f"type=CONFIG_CHANGE {STAMP} op=set audit_enabled=1",), "none", "CONFIG_CHANGE"),
        ((f"type=AVC {STAMP} avc:  denied  {{ read }} for  pid=1", call_line()), "none", "AVC"),
        ((path_line(0, "/etc/passwd"),), "unknown", "no SYSCALL record"),
    ],
)
def test_what_needs_no_rule_is_said(
    lines: tuple[str, ...], verdict: str, said: str, tmp_path: Path
) -> None:
    found = explanation(tmp_path, (f"{B64} -S execve -k x",), *lines)
    assert (found.verdict, said in found.reason) == (verdict, True)


def test_enriched_and_forwarded_records_are_read_as_raw_ones(tmp_path: Path) -> None:
    more = '\x1dARCH=x86_64 SYSCALL=openat AUID="me" UID="root"'
    enriched = event_of("node=web1 " + call_line(key="any", more=more))
    assert (enriched.key, enriched.seen) == (b"any", event_of(call_line(key="any")).seen)


def test_events_are_told_apart_by_host_time_and_serial() -> None:
    lines = [
        call_line(key="a"),
        "node=b " + call_line(key="b"),
        call_line(key="c").replace("456", "7"),
    ]
    events = read_events("\n".join([*lines, "----", "rubbish"]).encode(), "x", elsewhere=True)
    assert ([event.key for event in events.events], events.damaged) == ([b"a", b"b", b"c"], 1)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"type=SYSCALL\n", b"-a always,exit\n", b"\xff\xfe\x00", b"x" * 70000]
)
def test_what_is_no_event_is_an_error_with_a_remedy(content: bytes) -> None:
    with pytest.raises(UsageError) as caught:
        read_events(content, "FILE", elsewhere=True)
    assert caught.value.remedy
    assert "FILE" in caught.value.what


@pytest.mark.parametrize(
    "line",
    [
        call_line(number=10**30),
        call_line(arch="zz"),
        call_line(a0="-", auid="x", exit="?"),
        call_line(exe="(null)"),
        call_line(syscall="openat"),
        call_line(number=10**18, arch="40000028"),
        call_line(number=-1),
        f"type=SYSCALL {STAMP}",
    ],
)
def test_hostile_fields_leave_the_answer_open(line: str, tmp_path: Path) -> None:
    rules = (
        f"{B64} -S openat -F a0=1 -F exe=/x -F auid=1 -F exit=1 -F perm=r",
        "-a always,exit -S all -F filetype=dir -F perm=r",
        ANY,
    )
    path = path_line(0, "\\x").replace("0100644", "7" * 24)
    assert explanation(tmp_path, rules, line, path).verdict in (
        *("unknown", "none", "contradiction"),
    )
