"""Several boots of each side: what differs by the boot is in the interval."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_boots, compare_runs
from harness.answers.compare.pooled import all_samples, pooled
from harness.errors import UsageError
from harness.model.compare import ChangeReport
from harness.model.result import Comparison
from harness.model.run import Sample
from harness.store import StoredRun, load_run
from tests.support.stored.two_runs import write_run

ELAPSED = CompareOptions(metrics=("elapsed_ns_per_op",))


def boots(
    place: Path, side: str, number: int, *, cost: float = 1.0, spread: float = 0.0
) -> list[StoredRun]:
    """Runs of as many boots, in each of which `rules` costs more or less by chance."""
    chance = random.Random(side)
    found = []
    for boot in range(number):
        by_boot = cost * chance.lognormvariate(0, spread)
        folder = write_run(
            place / "h-1" / f"{side}-{boot}",
            seed=boot + 10 * number,
            costs={"rules": by_boot},
            environment={"facts": {"load": {"boot_id": f"{side}{boot}"}}},
        )
        found.append(load_run(folder))
    return found


def of_rules(report: ChangeReport) -> Comparison:
    (pair,) = report.pairs
    return next(
        change.comparison for change in pair.changes if change.comparison.cell.scenario == "rules"
    )


def test_chance_of_a_boot_is_no_difference(tmp_path: Path) -> None:
    """One run of each side says that the rules are worse or better; several do not."""
    bases = boots(tmp_path, "base", 5, spread=0.08)
    heads = boots(tmp_path, "head", 5, spread=0.08)
    single = [
        of_rules(compare_runs(Side(base), [Side(head)], ELAPSED)).verdict
        for base, head in zip(bases, heads, strict=True)
    ]
    assert {"worse", "better"} & set(single)
    together = of_rules(compare_boots(bases, heads, ELAPSED))
    assert together.verdict not in ("worse", "better")
    assert together.blocks == 5
    assert together.ci_low is not None
    assert together.ci_high is not None
    assert together.ci_low < 1 < together.ci_high


def test_a_difference_beyond_that_of_boots_is_seen(tmp_path: Path) -> None:
    bases = boots(tmp_path, "base", 4, spread=0.01)
    heads = boots(tmp_path, "head", 4, cost=1.2, spread=0.01)
    report = compare_boots(bases, heads, ELAPSED)
    assert report.verdict == "worse"
    found = of_rules(report)
    assert found.ratio == pytest.approx(1.2, rel=0.05)
    assert report.pairs[0].boots == (4, 4)
    assert report.pairs[0].base == "h-1/base-0 and 3 more"


def test_each_run_is_one_block_with_the_ratio_of_the_run(tmp_path: Path) -> None:
    (run,) = boots(tmp_path, "base", 1)
    one = pooled([run, *boots(tmp_path, "more", 1)])
    blocks = [s.block for s in one.samples if s.scenario == "rules"]
    assert blocks == [1, 2]

    def ratio(samples: Sequence[Sample]) -> float:
        values = {s.scenario: s.metrics["elapsed_ns_per_op"] for s in samples}
        return values["rules"] / values["no-audit"]

    by_block = [
        ratio([s for s in run.samples if s.block == block and not s.warm_up])
        for block in range(1, 9)
    ]
    product = 1.0
    for each in by_block:
        product *= each
    assert ratio([s for s in one.samples if s.block == 1]) == pytest.approx(product ** (1 / 8))


def test_loss_is_counted_over_all_trials(tmp_path: Path) -> None:
    bases, heads = boots(tmp_path, "base", 2), boots(tmp_path, "head", 1)
    lossy = write_run(tmp_path / "h-1/lossy", lost_share=0.2)
    report = compare_boots(bases, [*heads, load_run(lossy)], ELAPSED)
    loss = next(x for x in report.pairs[0].losses if x.head.cell.scenario == "rules")
    assert (loss.base.trials, loss.head.trials, loss.head.trials_with_loss) == (16, 16, 8)
    assert report.verdict == "worse"
    assert len({s.block for s in all_samples(bases)}) == 18


def test_runs_of_one_boot_are_named(tmp_path: Path) -> None:
    same = {"facts": {"load": {"boot_id": "b"}}}
    bases = [load_run(write_run(tmp_path / f"h-1/{n}", seed=n, environment=same)) for n in (1, 2)]
    report = compare_boots(bases, boots(tmp_path, "head", 2), ELAPSED)
    assert [c.what for c in report.pairs[0].cautions if c.name == "same-boot"] == [
        "2 runs of 1 boot: how boots differ shows in part only"
    ]


def test_what_cannot_be_pooled_is_refused(tmp_path: Path) -> None:
    bases, heads = boots(tmp_path, "base", 2), boots(tmp_path, "head", 2)
    with pytest.raises(UsageError, match="alone is no sample of boots"):
        compare_boots(bases[:1], heads, ELAPSED)
    with pytest.raises(UsageError, match="named twice on one side"):
        compare_boots([bases[0], bases[0]], heads, ELAPSED)
    with pytest.raises(UsageError, match="on both sides"):
        compare_boots(bases, [heads[0], bases[0]], ELAPSED)
    newer = {"facts": {"kernel": {"release": "6.2.0"}}}
    other = load_run(write_run(tmp_path / "h-1/other", environment=newer))
    allowed = CompareOptions(allowed=frozenset({"kernel"}))
    with pytest.raises(UsageError, match="head-0 and h-1/other are not alike: kernel"):
        compare_boots(bases, [heads[0], other], allowed)
