"""Loss of one run against loss of another: by the share of events, and of trials."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.between_runs import CellPair
from harness.analysis.between_runs_loss import difference, losses_across
from harness.model.compare import LossChange
from harness.model.run import Cell, Ledger, Sample
from tests.support.samples import bare_sample

CELL = Cell("udp", "rules", "assemble")


def samples(lost: list[int], *, seen: bool = True) -> list[Sample]:
    """One trial per number: so many of 1,000 events did not arrive; `seen` by a consumer or not."""
    return [
        bare_sample(
            CELL.scenario,
            block,
            {},
            ops=1000,
            ledger=Ledger(
                generated=1000,
                complete=1000 - gone if seen else None,
                partial=0 if seen else None,
                lost=gone,
                suppressed=0,
                vanished=0 if seen else None,
            ),
        )
        for block, gone in enumerate(lost, start=1)
    ]


def change(base: list[Sample], head: list[Sample]) -> LossChange:
    (found,) = losses_across(base, head, [CellPair(CELL, CELL)])
    return found


def test_none_lost_in_either_is_equivalent_with_its_upper_limit() -> None:
    found = change(samples([0] * 8), samples([0] * 8))
    assert found.head.verdict == "equal"
    assert found.head.trials_with_loss == 0
    # 1 - 0.025 ** (1 / 8): what none in 8 cannot exclude.
    assert found.head.share_high == pytest.approx(0.3694, abs=1e-4)


def test_more_loss_is_worse_and_less_is_better() -> None:
    none, some = samples([0] * 8), samples([90, 110, 100, 95, 105, 100, 98, 102])
    worse = change(none, some).head
    assert worse.verdict == "worse"
    assert worse.difference == pytest.approx(0.1)
    assert worse.reference_loss_ratio == 0
    assert change(some, none).head.verdict == "better"


def test_a_little_loss_in_one_trial_decides_nothing() -> None:
    assert change(samples([0] * 8), samples([0] * 7 + [60])).head.verdict == "inconclusive"


def test_where_nobody_tells_events_the_trials_with_loss_decide() -> None:
    none, all_lossy = samples([0] * 8, seen=False), samples([5] * 8, seen=False)
    # Without a consumer a trial in which `lost` stood still may have lost events all the same.
    assert change(none, all_lossy).head.loss_ratio is None
    known = samples([0] * 8)
    assert change(known, all_lossy).head.verdict == "worse"
    assert change(none, none).head.verdict == "no-reference"


def test_warm_up_and_invalid_trials_are_left_out() -> None:
    bad = [replace(one, valid=False) for one in samples([900])]
    warm = [replace(one, warm_up=True) for one in samples([900])]
    clean = [replace(one, block=one.block + 10) for one in samples([0] * 8)]
    assert change(samples([0] * 8), [*bad, *warm, *clean]).head.verdict == "equal"


def test_the_interval_of_a_difference() -> None:
    assert difference([1.0], [1.0, 2.0], 0.975) is None
    assert difference([2.0, 2.0], [1.0, 1.0], 0.975) == (1.0, 1.0)
    # Equal variances and sizes: Welch's t is Student's with 2 n - 2 degrees of freedom.
    low, high = difference([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 0.975) or (0.0, 0.0)
    assert high == pytest.approx(2.7764 * (2 / 3) ** 0.5, abs=1e-3)
    assert low == -high
