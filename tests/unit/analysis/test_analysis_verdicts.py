"""What makes a verdict beside the interval: margins by metric, q, and the blocks it takes."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from harness.analysis.against_reference import MetricView, compare
from harness.analysis.ratio import ratio_of_logs, unpaired_ratio
from harness.analysis.verdict import blocks_to_decide, judge
from harness.model.reference import Reference
from harness.model.result import Comparison
from harness.model.run import Sample
from tests.support.samples import bare_sample

ELAPSED = MetricView("elapsed_ns_per_op", "ns")


def series(scenario: str, values: dict[str, list[float]]) -> list[Sample]:
    blocks = len(next(iter(values.values())))
    return [
        bare_sample(scenario, block + 1, {name: column[block] for name, column in values.items()})
        for block in range(blocks)
    ]


def wobbling(centre: float, blocks: int = 8, spread: float = 0.002) -> list[float]:
    chance = random.Random(f"{centre}{blocks}")
    return [centre * math.exp(chance.gauss(0, spread)) for _ in range(blocks)]


def many_metrics(others: int) -> list[Comparison]:
    """One metric in which `rules` is slower among `others` in which nothing differs."""
    names = ["elapsed_ns_per_op", "one", *(f"noise{place}" for place in range(others))]
    rows = []
    for scenario, centre in (("ref", 1.0), ("ref-aa", 1.2), ("rules", 1.2)):
        values = {name: wobbling(centre) for name in names[:2]}
        values |= dict.fromkeys(names[2:], [1.0] * 8 if scenario == "ref" else [1.01, 1 / 1.01] * 4)
        rows += series(scenario, values)
    return compare(rows, [MetricView(name, "ns") for name in names], Reference(scenario="ref"))


def test_outside_the_primary_metric_a_difference_needs_q() -> None:
    few = {(c.cell.scenario, c.metric): c for c in many_metrics(0)}
    many = {(c.cell.scenario, c.metric): c for c in many_metrics(30)}
    assert few["rules", "one"].verdict == "worse"
    assert few["rules", "one"].q == pytest.approx(2 / 256)
    lonely = many["rules", "one"]
    assert lonely.p == 2 / 256
    assert lonely.ci_low is not None
    assert lonely.ci_low > 1.02
    assert lonely.q is not None
    assert lonely.q > 0.05
    assert lonely.verdict == "inconclusive"
    assert lonely.blocks_needed is not None
    assert lonely.blocks_needed > 8
    assert many["rules", "elapsed_ns_per_op"].verdict == "worse"


def test_the_copy_of_the_reference_is_in_no_family_and_hides_nothing() -> None:
    found = {(c.cell.scenario, c.metric): c for c in many_metrics(30)}
    again = found["ref-aa", "one"]
    assert (again.p, again.q, again.verdict) == (2 / 256, None, "worse")
    assert (found["ref", "one"].p, found["ref", "one"].q) == (None, None)


def test_margins_by_metric() -> None:
    rows = series("ref", {"elapsed_ns_per_op": wobbling(1.0), "one": wobbling(1.0)})
    rows += series("rules", {"elapsed_ns_per_op": wobbling(1.04), "one": wobbling(1.04)})
    metrics = [ELAPSED, MetricView("one", "ns")]
    found = compare(rows, metrics, Reference(scenario="ref"), margins={"one": 0.1})
    verdicts = {c.metric: (c.margin, c.verdict) for c in found if c.cell.scenario == "rules"}
    assert verdicts == {"elapsed_ns_per_op": (0.02, "worse"), "one": (0.1, "equal")}


@pytest.mark.parametrize("centre", [0.0, 0.005, 0.03, -0.04])
def test_so_many_blocks_do_decide(centre: float) -> None:
    def logs(blocks: int) -> list[float]:
        """With exactly this centre, and as normal as can be, with a deviation of 5 %."""
        normal = NormalDist(centre, 0.05)
        return [normal.inv_cdf((place + 0.5) / blocks) for place in range(blocks)]

    few = ratio_of_logs(logs(8))
    assert judge(few, margin=0.02) == "inconclusive"
    needed = blocks_to_decide(few, margin=0.02)
    assert needed is not None
    assert 15 < needed < 500
    enough = ratio_of_logs(logs(2 * math.ceil(needed * 0.55)))
    assert judge(enough, margin=0.02) != "inconclusive"
    assert judge(ratio_of_logs(logs(2 * int(needed * 0.4))), margin=0.02) == "inconclusive"


def test_no_number_is_promised_where_none_would_do() -> None:
    at_the_margin = ratio_of_logs([math.log(1.02) + tip for tip in (0.05, -0.05) * 5])
    assert blocks_to_decide(at_the_margin, margin=0.02) is None
    apart = unpaired_ratio([1.0, 1.1, 1.2], [1.0, 1.1, 1.2])
    assert apart is not None
    assert blocks_to_decide(apart, margin=0.02) is None
