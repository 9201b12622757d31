"""What the catalog says of the calls per operation, held to what strace sees.

A load is traced twice with different numbers of operations; set-up, interpreter and clean-up are
in both, so the difference is the operations'.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.loads import CALL, LOADS, traced
from tests.support.programs import needs
from workloads.catalog import WORKLOADS

pytestmark = needs("strace")

FEW, MORE = 16, 80

# The loads whose operations start no programs: here every call is known.
COMPLETE = ("udp", "connect", "syscalls", "files")


def calls(name: str, ops: int, place: Path, *options: str) -> Counter[str]:
    """All system calls of one load by name, of all its processes, unfinished ones once."""
    found = [CALL.match(line) for line in traced(name, ops, place, *options)]
    return Counter(match[1] for match in found if match)


@pytest.mark.parametrize("name", LOADS)
def test_yields_are_what_is_called(name: str, tmp_path: Path) -> None:
    few, more = (calls(name, ops, tmp_path) for ops in (FEW, MORE))
    per_operation = {
        call: (more[call] - few[call]) / (MORE - FEW) for call in WORKLOADS[name].yields
    }
    assert per_operation == dict(WORKLOADS[name].yields)


@pytest.mark.parametrize("name", COMPLETE)
def test_the_timed_section_makes_no_other_call(name: str, tmp_path: Path) -> None:
    few, more = (calls(name, ops, tmp_path) for ops in (FEW, MORE))
    certain = {call for call, count in WORKLOADS[name].yields.items() if count}
    grown = {call for call in more if more[call] - few[call] >= (MORE - FEW) / 2}
    assert grown == certain


def test_an_interface_costs_a_call_more(tmp_path: Path) -> None:
    few, more = (calls("udp", ops, tmp_path, "--interface", "lo") for ops in (FEW, MORE))
    assert (more["setsockopt"] - few["setsockopt"]) / (MORE - FEW) == 1
