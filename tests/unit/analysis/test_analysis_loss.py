"""Loss: exact shares, paired differences, and what nobody could have seen."""

from __future__ import annotations

import pytest
from scipy.stats import beta

from harness.analysis.loss import compare_losses, exact_share, loss_ratio, lost_any
from harness.model.reference import Reference
from harness.model.result import LossComparison
from harness.model.run import Ledger, Sample
from tests.support.samples import bare_sample

WHOLE = Ledger(generated=100, complete=100, partial=0, lost=0, vanished=0, suppressed=0)
LOSSY = Ledger(generated=100, complete=60, partial=10, lost=35, vanished=0, suppressed=0)
SILENT = Ledger(generated=0, complete=None, partial=None, lost=0)
UNSEEN = Ledger(generated=100, complete=None, partial=None, lost=0, suppressed=0)


def samples(scenario: str, ledgers: list[Ledger], **changes: object) -> list[Sample]:
    return [
        bare_sample(scenario, block, {}, ledger=ledger, **changes)
        for block, ledger in enumerate(ledgers)
    ]


def judged(cell: list[Ledger], reference: list[Ledger]) -> LossComparison:
    rows = [*samples("ref", [LOSSY, *reference]), *samples("rules", [LOSSY, *cell])]
    return compare_losses(rows, Reference(scenario="ref"))[1]


def test_the_exact_interval_is_that_of_the_tables() -> None:
    assert exact_share(0, 20) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    assert exact_share(20, 20) == (pytest.approx(0.025 ** (1 / 20)), 1.0)
    # Clopper and Pearson 1934, n = 10, 1 hit.
    tails = [float(beta.ppf(*of)) for of in ((0.025, 7, 34), (0.975, 8, 33))]
    assert exact_share(7, 40) == tuple(pytest.approx(tail, rel=1e-12) for tail in tails)
    assert exact_share(1, 10) == (pytest.approx(0.0025, abs=5e-5), pytest.approx(0.4450, abs=5e-5))


def test_what_one_trial_lost() -> None:
    assert [loss_ratio(one) for one in (WHOLE, LOSSY, SILENT, UNSEEN)] == [0, 0.4, 0, None]
    assert [lost_any(one) for one in (WHOLE, LOSSY, SILENT, UNSEEN)] == [False, True, False, None]
    suppressed = Ledger(generated=100, complete=60, partial=0, lost=0, vanished=0, suppressed=40)
    assert (loss_ratio(suppressed), lost_any(suppressed)) == (0, False)
    kept_back = Ledger(generated=100, complete=100, partial=0, lost=0, suppressed=None)
    assert loss_ratio(kept_back) == 0
    assert loss_ratio(Ledger(generated=9, complete=None, partial=None, lost=0, suppressed=9)) == 0
    unknown = Ledger(generated=None, complete=50, partial=0, lost=0, vanished=0)
    assert (loss_ratio(unknown), lost_any(unknown)) == (None, False)
    assert lost_any(Ledger(generated=None, complete=None, partial=None, lost=7)) is True


def test_none_lost_says_what_it_does_not_exclude() -> None:
    loss = judged([WHOLE] * 20, [WHOLE] * 20)
    assert (loss.trials, loss.trials_with_loss, loss.share) == (20, 0, 0.0)
    assert loss.share_high == pytest.approx(0.1684, abs=1e-4)
    assert (loss.difference, loss.verdict) == (0.0, "equal")


def test_a_cell_that_loses_is_worse_and_the_other_way_round_better() -> None:
    some = [LOSSY] * 5 + [WHOLE]
    found = judged(some, [WHOLE] * 6)
    assert (found.trials_with_loss, found.verdict) == (5, "worse")
    assert found.difference == pytest.approx(0.4 * 5 / 6)
    assert found.reference_loss_ratio == 0
    assert judged([WHOLE] * 6, some).verdict == "better"


def test_one_trial_in_six_is_inconclusive() -> None:
    loss = judged([LOSSY, *[WHOLE] * 5], [WHOLE] * 6)
    assert loss.verdict == "inconclusive"
    assert loss.difference_low is not None
    assert loss.difference_low < 0 < (loss.difference or 0)


def test_pairs_are_by_block_and_unknown_trials_are_in_none() -> None:
    loss = judged([LOSSY, UNSEEN, LOSSY, UNSEEN], [UNSEEN, WHOLE, WHOLE, UNSEEN])
    assert (loss.trials, loss.trials_with_loss) == (2, 2)
    assert (loss.difference, loss.difference_low) == (0.4, None)
    assert loss.verdict == "inconclusive"


def test_nobody_there_to_see_it() -> None:
    loss = judged([UNSEEN] * 3, [WHOLE] * 3)
    assert (loss.trials, loss.share, loss.share_high, loss.loss_ratio) == (0, None, None, None)
    assert loss.verdict == "no-reference"


def test_warm_up_invalid_and_not_interleaved() -> None:
    rows = samples("ref", [LOSSY, WHOLE, WHOLE]) + samples("rules", [LOSSY, LOSSY], valid=False)
    rows += samples("first", [WHOLE, WHOLE, WHOLE], interleaved=False)
    found = compare_losses(rows, Reference(scenario="ref"))
    assert [(loss.cell.scenario, loss.trials, loss.verdict) for loss in found] == [
        ("ref", 2, "reference"),
        ("first", 2, "no-reference"),
    ]
