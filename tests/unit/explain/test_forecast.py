"""What the rules would record of calls that were traced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.kernel.rules.explain.forecast import Forecast, Forecaster, Which
from harness.kernel.rules.explain.seen import Seen, Touched
from harness.kernel.rules.fields import ARCH_NUMBERS
from harness.kernel.rules.matching.field_match import Call
from tests.support.records.explained_events import loaded

X86_64 = ARCH_NUMBERS["x86_64"]
GETPPID, OPENAT, CHMOD, UNLINK = 110, 257, 90, 87
KNOWN = {"uid": 0, "euid": 0, "gid": 0, "auid": 1000, "a2": 0, "exit": 0, "success": 1}
B64 = "-a always,exit -F arch=b64"


def called(number: int, *paths: Path, exe: str = "/usr/bin/cat", **changed: int) -> Seen:
    names = tuple(Touched(str(path)) for path in paths)
    known = KNOWN | changed
    return Seen(Call(X86_64, number, exe, known, groups=frozenset({0, 27})), names, live=True)


def forecast(folder: Path, rules: tuple[str, ...], *calls: Seen) -> Forecast:
    forecaster = Forecaster(loaded(folder, *rules))
    for call in calls:
        forecaster.take(call)
    return forecaster.forecast


def lines(found: Forecast) -> dict[int, int]:
    """How many calls each line decided."""
    return {found.rules[place].place.line: calls.total() for place, calls in found.by_rule.items()}


def test_the_first_rule_that_matches_is_counted(tmp_path: Path) -> None:
    rules = (f"{B64} -S openat -F a2&1 -k w", f"{B64} -S openat -k any", f"{B64} -S chmod -k c")
    found = forecast(tmp_path, rules, called(OPENAT), called(OPENAT, a2=1), called(GETPPID))
    assert lines(found) == {1: 1, 2: 1}
    assert (found.calls, found.recorded, found.by_none) == (3, 2, {Which(X86_64, GETPPID): 1})


def test_exclusions_are_counted_and_record_nothing(tmp_path: Path) -> None:
    rules = (f"-a never,exit -F exe={os.path.realpath('/bin/cat')}", f"{B64} -S openat -k any")
    calls = (called(OPENAT, exe=os.path.realpath("/bin/cat")), called(OPENAT, exe="/none"))
    found = forecast(tmp_path, rules, *calls)
    assert (lines(found), found.recorded) == ({1: 1, 2: 1}, 1)


@pytest.mark.parametrize(
    ("rule", "recorded", "dropped", "still_open"),
    [
        ("-a never,exclude -F msgtype=SYSCALL", 0, 1, 0),
        ("-a never,exclude -F msgtype=SYSCALL -F uid=1", 1, 0, 0),
        ("-a never,exclude -F msgtype=SYSCALL -F pid=1", 0, 0, 1),
        ("-a never,exclude -F msgtype=PATH", 1, 0, 0),
        ("-a never,task -F uid=0", 0, 0, 0),
        ("-a never,task -F uid=1", 1, 0, 0),
    ],
)
def test_other_lists_have_their_say(
    rule: str, recorded: int, dropped: int, still_open: int, tmp_path: Path
) -> None:
    found = forecast(tmp_path, (rule, f"{B64} -S openat -k any"), called(OPENAT))
    assert (found.recorded, found.dropped.total(), len(found.open)) == (
        *(recorded, dropped, still_open),
    )


def test_what_cannot_be_told_names_the_rules_and_the_conditions(tmp_path: Path) -> None:
    rules = (f"{B64} -S openat -F subj_type=x -k one", f"{B64} -S openat -F pid=5 -k two")
    found = forecast(tmp_path, rules, called(OPENAT), called(OPENAT))
    ((why, calls),) = found.open.items()
    assert (why.candidates, why.why) == ((0, 1, None), ("subj_type=x", "pid=5"))
    assert calls == {Which(X86_64, OPENAT): 2}


@pytest.mark.parametrize(
    ("rule", "holds"), [("gid=27", True), ("gid=5", False), ("gid!=27", False)]
)
def test_supplementary_groups_count(rule: str, holds: bool, tmp_path: Path) -> None:
    found = forecast(tmp_path, (f"{B64} -S openat -F {rule} -k x",), called(OPENAT))
    assert found.recorded == holds


def test_paths_are_looked_up_here(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").touch()
    (tmp_path / "hard").hardlink_to(tmp_path / "folder/file")
    (tmp_path / "link").symlink_to("folder")
    rules = (
        f"-a always,exit -F path={tmp_path}/folder/file -F perm=r -k file",
        f"-a always,exit -F dir={tmp_path}/folder -F perm=a -k folder",
    )
    found = forecast(
        tmp_path,
        rules,
        called(OPENAT, tmp_path / "folder/file"),
        called(OPENAT, tmp_path / "hard"),
        called(OPENAT, tmp_path / "link/file"),
        called(OPENAT, tmp_path / "folder/file", a2=1),
        called(CHMOD, tmp_path / "link/file"),
        called(CHMOD, tmp_path / "link/gone"),
        called(CHMOD, tmp_path / "hard"),
    )
    assert lines(found) == {1: 3, 2: 2}
    assert found.by_none.total() == 2


def test_a_file_that_the_call_may_not_have_reached_leaves_it_open(tmp_path: Path) -> None:
    call = called(UNLINK)
    unsure = Seen(call.call, (Touched("/etc/passwd", certain=False),), live=True)
    found = forecast(tmp_path, ("-w /etc/passwd -p wa -k x",), unsure, call)
    assert ([why.candidates for why in found.open], found.by_none.total()) == ([(0, None)], 1)
