"""Children of a guest's agent: what they say, what they are told, and how they end."""

from __future__ import annotations

import json
import os
import time

import pytest

from harness.guest.inside.child_lines import ForkedChild
from harness.guest.inside.clocks import cpu_ns


def say(**document: object) -> None:
    """Print one line as a child does."""
    document["cpu_ns"] = time.process_time_ns()
    os.write(1, json.dumps(document).encode() + b"\n")


def echo() -> int:
    """Say `ready`, then what comes in, until nothing comes any more."""
    say(event="ready", pid=os.getpid())
    while words := os.read(0, 100):
        say(event="heard", words=words.decode())
    return 0


def fail() -> int:
    """End as no child should."""
    raise ValueError("of no use")


def test_a_child_speaks_lines_and_is_told_lines() -> None:
    child = ForkedChild("echo", echo)
    try:
        assert child.expect("ready", 60)["pid"] == child.pid
        child.send("go")
        assert child.expect("heard", 60)["words"] == "go\n"
    finally:
        child.end()
    with pytest.raises(ChildProcessError):
        os.waitpid(child.pid, 0)


def test_a_child_that_fails_is_told_with_its_name() -> None:
    child = ForkedChild("load", fail)
    try:
        with pytest.raises(RuntimeError, match="the load failed: ValueError: of no use"):
            child.expect("ready", 60)
    finally:
        child.end()


def test_a_child_that_ends_too_early_is_told() -> None:
    child = ForkedChild("load", lambda: 0)
    try:
        with pytest.raises(RuntimeError, match="the load ended without 'ready'"):
            child.expect("ready", 60)
    finally:
        child.end()


def test_the_cpu_clock_of_a_process_is_the_one_that_it_reads_itself() -> None:
    child = ForkedChild("echo", echo)
    try:
        first = child.expect("ready", 60)["cpu_ns"]
        between = cpu_ns(child.pid)
        child.send("go")
        last = child.expect("heard", 60)["cpu_ns"]
        assert first <= between <= last
    finally:
        child.end()
