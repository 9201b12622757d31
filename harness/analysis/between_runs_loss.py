"""Loss of a cell in one run against the same cell in another.

Trials of two runs are not pairs: the difference of their mean loss ratios has Welch's interval. The
exact shares of trials with loss decide as well, for consumers that cannot tell events.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.analysis.between_runs import CellPair
from harness.analysis.loss import compare_losses, judge_difference, loss_ratio
from harness.analysis.ratio import student_t
from harness.model.compare import LossChange
from harness.model.reference import Reference
from harness.model.result import LossComparison, Verdict
from harness.model.run import Cell, Sample


def losses_across(
    base: Sequence[Sample], head: Sequence[Sample], pairs: Iterable[CellPair]
) -> list[LossChange]:
    """The loss of every pair of cells; difference and verdict stand in HEAD's."""
    old, new = _by_cell(base), _by_cell(head)
    ratios = _ratios(base), _ratios(head)
    return [
        LossChange(
            old[pair.base],
            _against(
                old[pair.base],
                new[pair.head],
                ratios[0].get(pair.base, []),
                ratios[1].get(pair.head, []),
            ),
        )
        for pair in pairs
        if pair.base in old and pair.head in new
    ]


def _by_cell(samples: Sequence[Sample]) -> dict[Cell, LossComparison]:
    return {loss.cell: loss for loss in compare_losses(samples, Reference())}


def _ratios(samples: Sequence[Sample]) -> dict[Cell, list[float]]:
    found: dict[Cell, list[float]] = {}
    for sample in samples:
        if sample.valid and not sample.warm_up:
            ratio = loss_ratio(sample.ledger)
            if ratio is not None:
                found.setdefault(sample.cell, []).append(ratio)
    return found


def _against(
    old: LossComparison, new: LossComparison, before: list[float], after: list[float]
) -> LossComparison:
    outer, inner = difference(after, before, 0.975), difference(after, before, 0.95)
    return replace(
        new,
        reference_loss_ratio=old.loss_ratio,
        difference=_mean(after) - _mean(before) if before and after else None,
        difference_low=outer[0] if outer else None,
        difference_high=outer[1] if outer else None,
        verdict=by_shares(old, new) or _by_difference(outer, inner),
    )


def by_shares(old: LossComparison, new: LossComparison) -> Verdict | None:
    """Worse or better where the exact intervals of the shares of lossy trials do not meet."""
    if None in (old.share_low, old.share_high, new.share_low, new.share_high):
        return None
    if (new.share_low or 0.0) > (old.share_high or 0.0):
        return "worse"
    return "better" if (new.share_high or 0.0) < (old.share_low or 0.0) else None


def _by_difference(outer: tuple[float, float] | None, inner: tuple[float, float] | None) -> Verdict:
    if outer is None or inner is None:
        return "no-reference"
    return judge_difference(outer, inner)


def difference(
    values: Sequence[float], others: Sequence[float], probability: float
) -> tuple[float, float] | None:
    """Welch's interval of the difference of two means; None with fewer than two values each."""
    if min(len(values), len(others)) < 2:
        return None
    a, b = _variance(values) / len(values), _variance(others) / len(others)
    centre = _mean(values) - _mean(others)
    if a + b == 0:
        return centre, centre
    freedom = (a + b) ** 2 / (a**2 / (len(values) - 1) + b**2 / (len(others) - 1))
    reach = student_t(probability, freedom) * math.sqrt(a + b)
    return centre - reach, centre + reach


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    centre = _mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)
