"""The latency histogram: the C side that fills it equal to the Python side that reads it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.parts.latency import (
    bucket_lower_ns,
    bucket_of,
    bucket_upper_ns,
    merge,
    percentile_ns,
    summary,
)
from workloads.parts.tallies import SharedTallies

LONGEST_NS = 2**63 - 1
BUCKETS = bucket_of(2**64 - 1) + 1
C_SIDE = Path(__file__).parents[3] / "workloads/parts/buckets.pxd"


@given(st.integers(0, LONGEST_NS) | st.integers(0, 2**20) | st.sampled_from([2**63 - 1, 127, 128]))
def test_both_sides_choose_the_same_bucket(value_ns: int) -> None:
    tallies = SharedTallies(1)
    tallies.add_sample(0, value_ns)
    assert tallies.buckets(0) == [(bucket_of(value_ns), 1)]


@given(st.integers(0, 2**64 - 1))
def test_a_value_lies_within_its_bucket(value_ns: int) -> None:
    index = bucket_of(value_ns)
    assert 0 <= index < BUCKETS
    assert bucket_lower_ns(index) <= value_ns <= bucket_upper_ns(index)


def test_both_sides_have_as_many_buckets() -> None:
    (told,) = re.findall(r"^    BUCKETS = (\d+)$", C_SIDE.read_text(), re.M)
    assert int(told) == BUCKETS


def test_buckets_leave_no_gap_and_do_not_overlap() -> None:
    for index in range(BUCKETS - 1):
        assert bucket_upper_ns(index) + 1 == bucket_lower_ns(index + 1)


@given(st.integers(0, 2**64 - 1))
def test_a_bucket_is_narrow(value_ns: int) -> None:
    index = bucket_of(value_ns)
    assert bucket_upper_ns(index) - bucket_lower_ns(index) <= value_ns / 128


def test_a_negative_duration_counts_as_none() -> None:
    tallies = SharedTallies(1)
    tallies.add_sample(0, -5)
    assert tallies.buckets(0) == [(0, 1)]


def samples_of(seed: int, count: int) -> list[int]:
    dice = random.Random(seed)
    return [int(dice.lognormvariate(9, 1.5)) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 10, 999, 20_000])
@pytest.mark.parametrize("per_mille", [500, 900, 990, 999, 1000])
def test_percentiles_agree_with_the_raw_samples(count: int, per_mille: int) -> None:
    samples = samples_of(count, count)
    tallies = SharedTallies(1)
    for sample in samples:
        tallies.add_sample(0, sample)
    rank = max(1, -(-count * per_mille // 1000))
    exact = sorted(samples)[rank - 1]
    found = percentile_ns(tallies.buckets(0), per_mille, max(samples))
    assert exact <= found <= exact * (1 + 1 / 128)


def test_extremes_and_mean_are_exact() -> None:
    samples = samples_of(7, 5000)
    tallies = SharedTallies(2)
    for number, sample in enumerate(samples):
        tallies.add_sample(number % 2, sample)
    counters = [tallies.counters(worker) for worker in range(2)]
    found = summary(
        merge(tallies.buckets(worker) for worker in range(2)),
        total_ns=sum(one["latency_total_ns"] for one in counters),
        min_ns=min(one["latency_min_ns"] for one in counters),
        max_ns=max(one["latency_max_ns"] for one in counters),
    )
    assert found["count"] == len(samples)
    assert found["min_ns"] == min(samples)
    assert found["max_ns"] == max(samples)
    assert found["mean_ns"] == pytest.approx(sum(samples) / len(samples))


def test_nothing_sampled_is_all_zeros() -> None:
    found = summary([], total_ns=0, min_ns=2**64 - 1, max_ns=0)
    assert found["buckets"] == []
    assert {key: value for key, value in found.items() if key != "buckets"} == {
        "count": 0,
        "min_ns": 0,
        "max_ns": 0,
        "mean_ns": 0.0,
        "p50_ns": 0,
        "p90_ns": 0,
        "p99_ns": 0,
        "p999_ns": 0,
    }


def test_touching_a_tally_empties_it() -> None:
    tallies = SharedTallies(2)
    tallies.add_sample(1, 5)
    tallies.touch(1)
    assert tallies.buckets(1) == []


@pytest.mark.parametrize("worker", [-1, 2])
def test_a_worker_that_is_not_there(worker: int) -> None:
    with pytest.raises(IndexError):
        SharedTallies(2).counters(worker)


def test_a_board_needs_workers() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SharedTallies(0)
