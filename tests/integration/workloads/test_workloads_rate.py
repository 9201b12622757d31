"""The open loop: latency counts from the intended start, so a stall shows in all it delays."""

from __future__ import annotations

from typing import Any

from tests.support.loads import run_load

PAUSE_NS = 20_000_000
SLOW = ["--", "sleep", "0.02"]


def from_due_ns(found: dict[str, Any]) -> int:
    """At least the time from when the first operation was due to the end of the last.

    On a busy machine the first begins late, and the rest catch up: the loop alone is shorter.
    """
    elapsed_ns, behind_ns = found["elapsed_ns"], found["behind_ns"]
    assert isinstance(elapsed_ns, int)
    assert isinstance(behind_ns, int)
    return elapsed_ns + behind_ns


def test_a_slow_operation_shows_growing_latency() -> None:
    """Ten operations of 20 ms, due 1 ms apart: the last waits for nine before it."""
    found = run_load("command", "--ops", 10, "--rate", 1000, *SLOW)
    latency = found["latency"]
    assert latency["max_ns"] >= 10 * PAUSE_NS - 9_000_000
    assert latency["mean_ns"] >= 5 * PAUSE_NS
    assert found["behind_ns"] >= 9 * PAUSE_NS - 9_000_000
    assert len(latency["buckets"]) == 10


def test_latencies_of_the_closed_loop_add_up_to_the_elapsed_time() -> None:
    """One reading of the clock ends an operation and starts the next; nothing is counted twice."""
    found = run_load("command", "--ops", 10, *SLOW)
    total_ns = round(found["latency"]["mean_ns"] * found["latency"]["count"])
    assert total_ns == found["elapsed_ns"]
    assert found["latency"]["min_ns"] >= PAUSE_NS
    assert (found["rate_per_s"], found["behind_ns"]) == (None, 0)


def test_operations_start_at_their_times() -> None:
    found = run_load("udp", "--ops", 200, "--rate", 1000)
    assert found["rate_per_s"] == 1000.0
    assert from_due_ns(found) >= 199_000_000
    assert found["latency"]["count"] == 200


def test_workers_share_the_rate() -> None:
    found = run_load("udp", "--ops", 2000, "--rate", 2000, "--workers", 2)
    # A second; half of it if each had the whole rate.
    assert from_due_ns(found) >= 999_000_000
    assert found["details"]["ops_by_worker"] == [1000, 1000]


def test_operations_below_a_microsecond_are_timed_one_by_one_in_the_open_loop() -> None:
    found = run_load("syscalls", "--ops", 100, "--rate", 10_000)
    assert found["latency"]["count"] == 100


def test_a_burst_is_due_at_once() -> None:
    found = run_load("udp", "--ops", 20, "--rate", 1, "--burst", 20)
    # One by one they would take nineteen seconds.
    assert found["elapsed_ns"] < 15_000_000_000
    assert found["ops"] == 20


def test_after_a_burst_the_rate_goes_on() -> None:
    found = run_load("udp", "--ops", 15, "--rate", 100, "--burst", 5)
    assert from_due_ns(found) >= 100_000_000


def test_workers_share_a_burst() -> None:
    found = run_load("udp", "--ops", 24, "--rate", 100, "--burst", 4, "--workers", 2)
    assert from_due_ns(found) >= 200_000_000
    assert found["details"]["ops_by_worker"] == [12, 12]
