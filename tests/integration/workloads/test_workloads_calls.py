"""What a load is said to call, held to what strace sees of its session while it is timed.

A load is traced with few and with more operations: a call that grows with them is the operations'.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.support.loads import CALL, LOADS, traced
from tests.support.programs import needs
from workloads.catalog import WORKLOADS
from workloads.running.calls import load_calls

pytestmark = needs("strace")

FEW, MORE = 8, 40
OPENED = re.compile(r'^\d+ +openat\(AT_FDCWD, "([^"]+)", (\w+)')
ACCESS = {"O_RDONLY": "r", "O_WRONLY": "w", "O_RDWR": "rw"}


def grown(few: Counter[str], more: Counter[str]) -> set[str]:
    """What there is more of by at least every second operation."""
    return {name for name in more if more[name] - few[name] >= (MORE - FEW) / 2}


@pytest.mark.parametrize("name", LOADS)
def test_no_call_is_made_that_is_not_listed(name: str, tmp_path: Path) -> None:
    few, more = (
        Counter(match[1] for line in traced(name, ops, tmp_path) if (match := CALL.match(line)))
        for ops in (FEW, MORE)
    )
    made = grown(few, more)
    assert {call for call, count in WORKLOADS[name].yields.items() if count} <= made
    assert made - {call.name for call in load_calls(name)} == set()


@pytest.mark.parametrize("name", ["shells", "mixed", "files", "osquery-stress"])
def test_no_file_is_opened_that_is_not_listed(name: str, tmp_path: Path) -> None:
    few, more = (
        Counter(
            f"{match[1]} {match[2]}"
            for line in traced(name, ops, tmp_path)
            if (match := OPENED.match(line))
        )
        for ops in (FEW, MORE)
    )
    found = {re.sub(r"auditbench-files-\d+", "auditbench-files-0", one) for one in grown(few, more)}
    assert found
    listed = [call for call in load_calls(name) if call.name == "openat"]
    for path, way in (one.rsplit(" ", 1) for one in found):
        assert any(
            set(ACCESS[way]) <= set(call.access or "")
            and any(path == p or (p.endswith("/") and path.startswith(p)) for p in call.paths or ())
            for call in listed
        ), path


def test_of_a_command_anything_may_come() -> None:
    for calls in (load_calls("command"), load_calls("shells", {"program": "/bin/true"})):
        assert any(call.name == "" and call.paths is None and call.errors is None for call in calls)


def test_a_replay_makes_no_calls_that_rules_see() -> None:
    assert load_calls("replay") == ()
