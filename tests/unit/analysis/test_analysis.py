"""Ratios, verdicts and the ledger: against known answers and against simulation."""

from __future__ import annotations

import math
import random

import pytest

from harness.analysis.against_reference import (
    MetricView,
    Reference,
    compare,
    noise_floor,
    summarise,
)
from harness.analysis.ledger import Evidence, close_ledger
from harness.analysis.ratio import geometric_mean, paired_ratio, unpaired_ratio
from harness.analysis.verdict import judge
from harness.model.run import Cell, Sample
from tests.support.samples import bare_sample

ELAPSED = MetricView("elapsed_ns_per_op", "ns")


def sample(scenario: str, block: int, value: float, **changes: object) -> Sample:
    return bare_sample(scenario, block, {"elapsed_ns_per_op": value}, **changes)


def test_paired_ratio_by_hand() -> None:
    # Log ratios ln 2 and ln 8: mean ln 4, standard error ln 4 / 2 · √2 / √2 = ln 2.
    found = paired_ratio([2.0, 8.0], [1.0, 1.0])
    assert found is not None
    assert found.ratio == pytest.approx(4.0)
    t_1 = 12.7062  # 97.5 % quantile of t with one degree of freedom, from tables
    assert found.ci_low == pytest.approx(4.0 / 2**t_1, rel=1e-4)
    assert found.ci_high == pytest.approx(4.0 * 2**t_1, rel=1e-4)


def test_drift_cancels_in_pairs_only() -> None:
    reference = [1.0, 2.0, 4.0, 8.0]
    values = [1.1 * value for value in reference]
    paired = paired_ratio(values, reference)
    apart = unpaired_ratio(values, reference)
    assert paired is not None
    assert apart is not None
    assert paired.ratio == pytest.approx(1.1) == apart.ratio
    assert paired.ci_low == pytest.approx(1.1)
    assert apart.ci_low is not None
    assert apart.ci_low < 0.5


@pytest.mark.parametrize("values", [([], []), ([0.0, 1.0], [1.0, 1.0]), ([1.0], [1.0, 2.0])])
def test_no_ratio_where_there_is_none(values: tuple[list[float], list[float]]) -> None:
    assert paired_ratio(*values) is None


def test_one_pair_has_a_ratio_and_no_interval() -> None:
    found = paired_ratio([3.0], [2.0])
    assert found is not None
    assert (found.ratio, found.ci_low, found.detectable) == (1.5, None, None)


@pytest.mark.parametrize("blocks", [5, 12])
def test_interval_covers_and_equal_cells_are_told_apart_seldom(blocks: int) -> None:
    chance = random.Random(blocks)
    covered = called = 0
    runs = 2000
    for _ in range(runs):
        drift = 1.0
        values, reference = [], []
        for _ in range(blocks):
            drift *= math.exp(chance.gauss(0, 0.1))
            values.append(drift * math.exp(chance.gauss(0, 0.01)))
            reference.append(drift * math.exp(chance.gauss(0, 0.01)))
        found = paired_ratio(values, reference)
        assert found is not None
        assert found.ci_low is not None
        assert found.ci_high is not None
        covered += found.ci_low <= 1.0 <= found.ci_high
        called += judge(found, margin=0.0) in ("worse", "better")
    assert 0.935 <= covered / runs <= 0.965
    assert called == runs - covered


def test_detectable_effect_is_detected_four_times_in_five() -> None:
    chance = random.Random(3)
    blocks, runs, found_worse = 10, 2000, 0
    # The spread is known here, so the effect to plant can be computed from it.
    error = 0.02 * math.sqrt(2) / math.sqrt(blocks)
    effect = math.exp(error * (2.262 + 0.883))
    for _ in range(runs):
        reference = [math.exp(chance.gauss(0, 0.02)) for _ in range(blocks)]
        values = [effect * math.exp(chance.gauss(0, 0.02)) for _ in range(blocks)]
        ratio = paired_ratio(values, reference)
        found_worse += judge(ratio, margin=0.0) == "worse"
    assert 0.77 <= found_worse / runs <= 0.84


def test_verdicts() -> None:
    steady = [1.0, 1.001, 0.999, 1.0, 1.0005]
    one = [1.0] * 5
    assert judge(paired_ratio(steady, one), margin=0.02) == "equal"
    assert judge(paired_ratio([v * 1.05 for v in steady], one), margin=0.02) == "worse"
    assert judge(paired_ratio([v / 1.05 for v in steady], one), margin=0.02) == "better"
    more = judge(paired_ratio([v * 1.05 for v in steady], one), margin=0.02, less_is_better=False)
    assert more == "better"
    assert judge(paired_ratio([0.9, 1.1, 1.0], [1.0] * 3), margin=0.02) == "inconclusive"
    assert judge(None, margin=0.02) == "inconclusive"


def test_compare_pairs_by_block_and_leaves_out_what_does_not_count() -> None:
    samples = [
        sample("ref", 0, 99.0),
        sample("ref", 1, 1.0),
        sample("ref", 2, 10.0),
        sample("rules", 0, 1.0),
        sample("rules", 2, 20.0),
        sample("rules", 1, 2.0),
        sample("rules", 3, 500.0),
        sample("ref-aa", 1, 1.0),
        sample("ref-aa", 2, 10.0, valid=False),
    ]
    found = {c.cell.scenario: c for c in compare(samples, [ELAPSED], Reference(scenario="ref"))}
    assert found["rules"].ratio == pytest.approx(2.0)
    assert found["rules"].blocks == 2
    assert found["ref"].verdict == "reference"
    assert found["ref"].ci_low is None
    assert found["ref-aa"].blocks == 1
    assert noise_floor(found.values(), "elapsed_ns_per_op") == []  # one block has no interval


def test_compare_does_not_pair_what_was_not_interleaved() -> None:
    samples = [
        *[
            sample("never", b, 1.0 + b / 100, interleaved=False, consumer="none")
            for b in range(1, 5)
        ],
        *[sample("ref", b, 2.0 + b / 100) for b in range(1, 5)],
    ]
    found = compare(samples, [ELAPSED], Reference(scenario="ref"))
    assert [c.interleaved for c in found] == [False, True]
    assert found[0].ratio == pytest.approx(0.5, rel=0.02)


def test_compare_by_consumer_and_zero_reference() -> None:
    samples = [
        sample("r", 1, 0.0, consumer="none"),
        sample("r", 1, 5.0, consumer="count"),
    ]
    found = compare(samples, [ELAPSED], Reference(consumer="none"))
    assert found[1].cell == Cell("udp", "r", "count")
    assert found[1].reference == 0.0
    assert found[1].ratio is None


def test_summaries() -> None:
    found = summarise([sample("r", 1, 2.0), sample("r", 2, 8.0)], "elapsed_ns_per_op")
    assert [(s.n, s.mean, s.geometric_mean) for s in found] == [(2, 5.0, 4.0)]
    assert geometric_mean([0.0, 1.0]) is None


def evidence(**changes: int | None) -> Evidence:
    fields: dict[str, int | None] = {
        "demanded": 100,
        "complete": 100,
        "partial": 0,
        "missing_records": 0,
        "lost": 0,
        "serial_gaps": 0,
    }
    return Evidence(**(fields | changes))  # type: ignore[arg-type]


def test_ledger_closes() -> None:
    assert close_ledger(evidence()).unexplained == 0


def test_ledger_takes_missing_records_from_lost() -> None:
    # The figures of 600,000 connects with a backlog of 64 and no waiting.
    ledger = close_ledger(
        evidence(
            demanded=600_000,
            complete=184_881,
            partial=10_000,
            lost=423_519,
            missing_records=18_400,
        )
    )
    assert ledger.refused == 405_119
    assert ledger.unexplained == 0


def test_ledger_counts_gaps_as_vanished() -> None:
    ledger = close_ledger(evidence(complete=60, serial_gaps=40, records_per_event=4, lost=160))
    assert (ledger.vanished, ledger.unexplained) == (40, 0)


def test_ledger_says_what_it_cannot_know() -> None:
    assert close_ledger(evidence(demanded=None)).unexplained is None
    unseen = close_ledger(evidence(complete=None, partial=None, missing_records=None))
    assert (unseen.refused, unseen.unexplained) == (None, None)
