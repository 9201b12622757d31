"""Runs against each other: drift cancels, a change of a cell shows, the interval holds."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from scipy.stats import ttest_ind

from harness.analysis.against_reference import MetricView
from harness.analysis.between_runs import CellPair, _welch_p, compare_across
from harness.model.compare import Change
from harness.model.reference import Margins, Reference
from harness.model.run import Cell, Ledger, Sample
from tests.support.samples import bare_sample

ELAPSED = MetricView("elapsed_ns_per_op", "ns")
CPU = MetricView("cpu_total_ns_per_op", "ns")
REFERENCE = Reference(scenario="no-audit")
SCENARIOS = {"no-audit": 1000.0, "no-audit-aa": 1000.0, "rules": 2500.0}


def sample(scenario: str, block: int, value: float, *, interleaved: bool = True) -> Sample:
    metrics = {ELAPSED.name: value, CPU.name: value}
    return bare_sample(scenario, block, metrics, ledger=Ledger(0, 0, 0, 0), interleaved=interleaved)


def run(
    chance: random.Random, *, drift: float = 1.0, rules: float = 1.0, blocks: int = 10
) -> list[Sample]:
    """The machine is faster or slower from block to block; cells have noise of 1 % of their own."""
    samples = []
    for block in range(1, blocks + 1):
        wave = drift * math.exp(chance.gauss(0, 0.2))
        for scenario, cost in SCENARIOS.items():
            factor = rules if scenario == "rules" else 1.0
            noise = math.exp(chance.gauss(0, 0.01))
            samples.append(sample(scenario, block, cost * factor * wave * noise))
    return samples


def pair(scenario: str) -> CellPair:
    cell = Cell("udp", scenario, "assemble")
    return CellPair(cell, cell)


def compared(
    base: list[Sample],
    head: list[Sample],
    *metrics: MetricView,
    scenarios: Iterable[str] = SCENARIOS,
    primary: str = ELAPSED.name,
) -> dict[tuple[str, str], Change]:
    changes = compare_across(
        base,
        head,
        [pair(scenario) for scenario in scenarios],
        metrics or [ELAPSED],
        (REFERENCE, REFERENCE),
        Margins(0.02),
        primary=primary,
    )
    return {(c.comparison.cell.scenario, c.comparison.metric): c for c in changes}


def test_drift_between_the_runs_cancels() -> None:
    chance = random.Random(3)
    found = compared(run(chance), run(chance, drift=1.5))
    change = found["rules", ELAPSED.name]
    assert change.method == "of-ratios"
    assert change.comparison.ratio == pytest.approx(1.0, abs=0.02)
    assert change.comparison.verdict in ("equal", "inconclusive")
    assert change.plain_ratio == pytest.approx(1.5, rel=0.3)


def test_a_change_of_the_cell_is_worse_and_the_other_way_round_better() -> None:
    chance = random.Random(4)
    base, head = run(chance), run(chance, drift=0.7, rules=1.1)
    worse = compared(base, head)["rules", ELAPSED.name].comparison
    assert worse.verdict == "worse"
    assert worse.ci_low is not None
    assert worse.ci_high is not None
    assert worse.ci_low < 1.1 < worse.ci_high
    better = compared(head, base)["rules", ELAPSED.name].comparison
    assert better.verdict == "better"
    assert better.ratio == pytest.approx(1 / (worse.ratio or 0))


def test_the_reference_shows_the_drift_and_does_not_count() -> None:
    chance = random.Random(5)
    found = compared(run(chance), run(chance, drift=2.0))
    reference = found["no-audit", ELAPSED.name]
    assert reference.is_reference
    assert not reference.counts
    assert reference.comparison.ratio is None
    assert reference.plain_ratio == pytest.approx(2.0, rel=0.3)
    assert not found["no-audit-aa", ELAPSED.name].counts


def test_the_interval_holds_what_it_promises_under_drift() -> None:
    """Coverage of the true ratio, and false verdicts on equal cells, over many made-up pairs."""
    chance = random.Random(6)
    covered = wrong = 0
    tries = 400
    for _ in range(tries):
        head = run(chance, drift=math.exp(chance.gauss(0, 0.3)))
        found = compared(run(chance), head, scenarios=["rules"])
        comparison = found["rules", ELAPSED.name].comparison
        assert comparison.ci_low is not None
        assert comparison.ci_high is not None
        covered += comparison.ci_low <= 1 <= comparison.ci_high
        wrong += comparison.verdict in ("worse", "better")
    assert 0.92 <= covered / tries <= 0.98
    assert wrong / tries <= 0.05


def test_a_metric_that_is_zero_in_the_reference_is_compared_plainly() -> None:
    def with_zero(samples: list[Sample]) -> list[Sample]:
        for one in samples:
            if one.scenario != "rules":
                one.metrics[ELAPSED.name] = 0.0
        return samples

    chance = random.Random(7)
    found = compared(with_zero(run(chance)), with_zero(run(chance)))
    assert found["rules", ELAPSED.name].method == "plain"
    assert found["rules", ELAPSED.name].comparison.ratio == pytest.approx(1, rel=0.3)
    again = found["no-audit-aa", ELAPSED.name].comparison
    assert again.verdict == "equal"
    assert again.ratio is None
    some = compared(with_zero(run(chance)), run(chance))["no-audit-aa", ELAPSED.name]
    assert some.comparison.verdict == "no-reference"


def test_consumers_against_a_reference_consumer() -> None:
    """As in a replay, where all consumers get the same capture."""

    def by_consumer(samples: list[Sample]) -> list[Sample]:
        return [replace(one, scenario="full-rate", consumer=one.scenario) for one in samples]

    chance = random.Random(13)
    base, head = by_consumer(run(chance)), by_consumer(run(chance, drift=1.5, rules=1.1))
    cells = [Cell("udp", "full-rate", scenario) for scenario in SCENARIOS]
    reference = Reference(consumer="no-audit")
    changes = compare_across(
        base,
        head,
        [CellPair(cell, cell) for cell in cells],
        [ELAPSED],
        (reference, reference),
        Margins(),
    )
    assert [change.is_reference for change in changes] == [True, False, False]
    assert changes[2].method == "of-ratios"
    assert changes[2].comparison.ratio == pytest.approx(1.1, rel=0.02)


def test_what_the_reference_has_next_to_nothing_of_is_taken_by_its_workload() -> None:
    """kauditd has nothing to do in the reference cell; its CPU there would only add noise."""
    kauditd = MetricView("cpu_kauditd_ns_per_op", "ns")

    def with_kauditd(samples: list[Sample]) -> list[Sample]:
        for one in samples:
            value = one.metrics[ELAPSED.name]
            one.metrics["cpu_workload_ns_per_op"] = value
            one.metrics[kauditd.name] = value if one.scenario == "rules" else 0.0
        return samples

    chance = random.Random(12)
    base, head = with_kauditd(run(chance)), with_kauditd(run(chance, drift=1.5))
    change = compared(base, head, kauditd)["rules", kauditd.name]
    assert change.method == "of-ratios"
    assert change.comparison.ratio == pytest.approx(1, abs=0.02)
    assert change.plain_ratio == pytest.approx(1.5, rel=0.3)


def test_a_state_measured_apart_is_compared_plainly() -> None:
    def apart(samples: list[Sample]) -> list[Sample]:
        return [
            sample(s.scenario, s.block, s.metrics[ELAPSED.name], interleaved=s.scenario != "rules")
            for s in samples
        ]

    chance = random.Random(8)
    change = compared(apart(run(chance)), apart(run(chance)))["rules", ELAPSED.name]
    assert change.method == "plain"
    assert not change.comparison.interleaved


def test_without_any_reference_no_cell_is_one() -> None:
    chance = random.Random(9)
    changes = compare_across(
        run(chance),
        run(chance),
        [pair("no-audit")],
        [ELAPSED],
        (Reference(), Reference()),
        Margins(),
    )
    assert changes[0].method == "plain"
    assert changes[0].comparison.verdict != "reference"


def test_beside_the_primary_metric_a_difference_needs_q() -> None:
    """With two blocks a side the interval may lie beyond the margin and p still be large."""
    base = [sample("no-audit", block, 100.0) for block in (1, 2)]
    base += [sample("rules", block, value) for block, value in ((1, 200.0), (2, 202.0))]
    head = [sample("no-audit", block, 100.0) for block in (1, 2)]
    head += [sample("rules", block, value) for block, value in ((1, 230.0), (2, 236.0))]
    found = compared(base, head, ELAPSED, CPU, primary=ELAPSED.name)
    for change in found.values():
        if change.counts:
            assert change.comparison.q is not None
            beyond = (change.comparison.ci_low or 0) > 1.02
            sure = change.comparison.q <= 0.05 or change.comparison.metric == ELAPSED.name
            assert (change.comparison.verdict == "worse") == (beyond and sure)


def test_one_block_gives_no_interval() -> None:
    chance = random.Random(10)
    change = compared(run(chance, blocks=1), run(chance))["rules", ELAPSED.name]
    assert change.comparison.ci_low is None
    assert change.comparison.verdict == "inconclusive"


@pytest.mark.parametrize("margin", [0.02, 0.2])
def test_the_margin_of_a_metric_decides(margin: float) -> None:
    chance = random.Random(11)
    base, head = run(chance), run(chance, rules=1.1)
    (change,) = compare_across(
        base,
        head,
        [pair("rules")],
        [ELAPSED],
        (REFERENCE, REFERENCE),
        Margins(0.02, {ELAPSED.name: margin}),
    )
    assert change.comparison.margin == margin
    assert change.comparison.verdict == ("worse" if margin == 0.02 else "equal")


@pytest.mark.parametrize(("few", "many"), [(2, 3), (6, 6), (5, 40)])
def test_p_is_what_scipy_says(few: int, many: int) -> None:
    chance = random.Random(few)
    groups = (
        [math.exp(chance.gauss(0.1, 0.05)) for _ in range(few)],
        [math.exp(chance.gauss(0, 0.2)) for _ in range(many)],
    )
    logs = [[math.log(value) for value in group] for group in groups]
    other = ttest_ind(*logs, equal_var=False).pvalue
    assert _welch_p(*groups) == pytest.approx(other, rel=1e-9)
    assert _welch_p(groups[0], groups[0]) == 1
