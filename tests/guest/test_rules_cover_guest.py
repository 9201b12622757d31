"""Operations done in a real guest: which rule records each, by each way into the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.guest.operations.entries import COMPAT, NATIVE, RING
from harness.kernel.rules.lint.parsed import LoadedRule, parse_source
from harness.kernel.rules.lint.source import read_source
from harness.model.cover import Coverage, Seen
from harness.run.rules.blind import change_in
from harness.run.rules.cover import LOGIN, NO_LOGIN, run_cover

PASSWD = "openat to write /etc/passwd"
OPERATIONS = ("chmod", "rename", "mkdirat", "write", "execve", PASSWD, "openat refused (EACCES)")
FIRST = """\
-a never,exit -F arch=b64 -S chmod -F uid=0
-a always,exit -F arch=b64 -S chmod,rename -F auid>=1000 -F auid!=unset -k same
-w /etc/passwd -p wa -k same
-a always,exit -F arch=b32 -S rename -k same
-a always,exit -F arch=b64 -S openat -F exit=-EACCES
-a always,io_uring -S mkdirat -k ring
-a always,exit -F arch=b64 -S mkdirat -F auid=unset -k daemons
-a always,exit -F arch=b64 -F path=/etc/passwd -F perm=r -F auid=7 -k nobody
"""
SECOND = FIRST.replace("chmod,rename", "chmod")


def loaded(folder: Path, name: str, text: str) -> tuple[LoadedRule, ...]:
    """The rules of a file."""
    file = folder / f"{name}.rules"
    file.write_text(text)
    parsed = parse_source(read_source(file), elsewhere=True)
    assert not parsed.findings or all(f.severity != "error" for f in parsed.findings)
    return parsed.rules


@pytest.fixture(scope="module")
def found(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Coverage:
    """Both files, in one guest."""
    folder = tmp_path_factory.mktemp("cover")
    files = [loaded(folder, "first", FIRST), loaded(folder, "second", SECOND)]
    return run_cover(files, str(image), lambda _: None, OPERATIONS)


def line(found: Coverage, operation: str, entry: str, login: str = LOGIN) -> int | str:
    """The line of the first file that recorded an operation; else the verdict."""
    seen = answer(found, operation, entry, login)
    if seen.verdict != "recorded":
        return seen.verdict
    assert seen.rule is not None
    return found.rules[0][seen.rule].line


def answer(found: Coverage, operation: str, entry: str, login: str = LOGIN) -> Seen:
    (row,) = [row for row in found.rows
              if (row.operation, row.entry, row.login) == (operation, entry, login)]  # fmt: skip
    return row.seen[0]


def test_nothing_failed_and_nothing_was_refused(found: Coverage) -> None:
    assert found.cautions == ()
    assert found.trustworthy
    assert {row.login for row in found.rows} == {LOGIN, NO_LOGIN}


def test_rules_with_the_same_key_are_told_apart(found: Coverage) -> None:
    assert line(found, "rename", NATIVE) == 2
    assert line(found, "rename", COMPAT) == 4
    assert line(found, PASSWD, NATIVE) == 3
    assert line(found, PASSWD, COMPAT) == 3, "a watch is for both"


def test_a_rule_without_a_key_is_found_by_a_call_that_is_refused(found: Coverage) -> None:
    assert line(found, "openat refused (EACCES)", NATIVE) == 5
    assert answer(found, "openat refused (EACCES)", NATIVE).error == 13
    assert line(found, "openat refused (EACCES)", COMPAT) == "none"


def test_an_exclusion_is_named(found: Coverage) -> None:
    seen = answer(found, "chmod", NATIVE)
    assert seen.verdict == "kept-back"
    assert seen.rule is not None
    assert found.rules[0][seen.rule].line == 1
    assert line(found, "chmod", COMPAT) == "none"


def test_io_uring_is_seen_by_its_own_rules_only(found: Coverage) -> None:
    assert line(found, "mkdirat", RING) == 6
    assert line(found, PASSWD, RING) == "none"
    assert line(found, "write", RING) == "impossible"


def test_a_rule_for_processes_without_a_login_is_held_against_one(found: Coverage) -> None:
    assert line(found, "mkdirat", NATIVE) == "none"
    assert line(found, "mkdirat", NATIVE, NO_LOGIN) == 7
    assert line(found, "rename", NATIVE, NO_LOGIN) == "none"


def test_what_the_second_file_no_longer_records(found: Coverage) -> None:
    blinded = [(row.operation, row.entry) for row in found.rows if row.is_blinded]
    assert blinded == [("rename", NATIVE)]


def test_nothing_was_recorded_of_what_no_rule_names(found: Coverage) -> None:
    assert line(found, "execve", NATIVE) == "none"
    assert answer(found, "execve", NATIVE).error == 0


def test_what_the_second_file_loses_is_told_by_operation_entry_and_rule(found: Coverage) -> None:
    change = change_in(found, 1)
    assert {(each.operation, each.entries) for each in change.lost} == {("rename", (NATIVE,))}
    assert [rule.line for each in change.lost for rule in each.rules] == [2]
    assert (change.gained, change.doubts) == ((), ())
