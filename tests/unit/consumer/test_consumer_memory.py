"""Memory stays constant: each scene of the benchmark in a fresh process, on a smaller scale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consumer.text.render import WAITING_BYTES, Follower
from tests.support.records.audit_floods import Flood, endless_events, whole_events
from tests.support.records.audit_records import Maker
from tests.support.records.parsed_records import parse_buffer

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "consumer_memory.py"


def memory(*scenes: str) -> subprocess.CompletedProcess[str]:
    words = [word for scene in scenes for word in ("--scene", scene)]
    return subprocess.run(
        [sys.executable, SCRIPT, "--events", "500000", "--settle", "150000", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def test_whole_and_endless_events_take_no_more_memory() -> None:
    done = memory("whole", "endless", "one", "log")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == [
        "whole",
        "endless",
        "one",
        "log",
    ]


def test_growth_is_found() -> None:
    done = memory("control")
    assert done.returncode == 1
    assert "memory grew" in done.stderr


@pytest.mark.parametrize("flood", [whole_events(40), endless_events(40)])
def test_a_turn_has_nothing_of_the_turn_before(flood: Flood) -> None:
    first, second = (parse_buffer(flood.turn(n), "assemble") for n in (1, 2))
    assert first["events"] == second["events"]
    assert first["records"] == flood.records
    assert first["events"]["complete"] + first["events"]["partial"] == flood.events
    assert second["serials"]["first"] - first["serials"]["last"] > 0


@pytest.mark.parametrize("events", [1, 3000])
def test_events_that_are_followed_and_never_end_give_way(events: int) -> None:
    follower, held = Follower(), 0
    text = "x" * 16000
    for number in range(3000):
        shown = list(follower.take(*Maker(number % events).record(1309, f"a{number}={text}")))
        held += 1 - sum(count_arguments(event) for event in shown)
        assert held * 16000 <= WAITING_BYTES
    assert 0 < held < 3000
    assert sum(map(count_arguments, follower.finish())) == held


def count_arguments(event: dict[str, Any]) -> int:
    """How many arguments an event has that came."""
    return sum(argument is not None for argument in event["records"][0]["argv"])
