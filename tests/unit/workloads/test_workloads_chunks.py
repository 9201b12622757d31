"""Stretches of operations, timed one by one for a clock that counts instructions."""

from __future__ import annotations

import pytest

from workloads.files import build as build_files
from workloads.parts.tallies import SharedTallies
from workloads.running.options import parse_options
from workloads.syscalls import build


def test_each_chunk_does_its_operations_and_has_a_time() -> None:
    shared = SharedTallies(1)
    load = build(parse_options(["syscalls"])[0])
    load.prepare(shared, 0)
    times = load.time_chunks(shared, 0, 7, 50)
    assert len(times) == 7
    assert all(time > 0 for time in times)
    assert shared.counters(0)["ops"] == 350


def test_chunks_of_nothing_show_what_reading_the_clock_costs() -> None:
    shared = SharedTallies(1)
    load = build(parse_options(["syscalls"])[0])
    load.prepare(shared, 0)
    assert all(time >= 0 for time in load.time_chunks(shared, 0, 5, 0))
    assert shared.counters(0)["ops"] == 0
    assert load.time_chunks(shared, 0, 0, 5) == []


def test_operations_that_fail_are_counted() -> None:
    shared = SharedTallies(1)
    load = build_files(parse_options(["files"])[0])
    load.prepare(shared, 0)
    load.clean_up()  # its files are gone
    load.time_chunks(shared, 0, 3, 4)
    assert shared.counters(0)["failures"] == 12


def test_a_worker_that_is_not_there_is_refused() -> None:
    load = build(parse_options(["syscalls"])[0])
    with pytest.raises(IndexError):
        load.time_chunks(SharedTallies(1), 1, 1, 1)
