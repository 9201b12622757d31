"""Published measurements beside those of a run: whether direction and size are the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model.result import Comparison
from harness.model.stored.published import Agreement, Published, Redone

HALF, TWICE = 0.5, 2.0
"""Between these multiples of the published change, the one found here is of the same size."""


def redone(published: Iterable[Published], comparisons: Sequence[Comparison]) -> list[Redone]:
    """Each published measurement with the comparison that redoes it, under the first consumer."""
    return [_beside(each, _comparison(each, comparisons)) for each in published]


def _comparison(published: Published, comparisons: Sequence[Comparison]) -> Comparison | None:
    wanted = published.workload, published.scenario, published.metric
    found = (
        each
        for each in comparisons
        if (each.cell.workload, each.cell.scenario, each.metric) == wanted
    )
    return next(found, None)


def _beside(published: Published, found: Comparison | None) -> Redone:
    if found is None or found.ratio is None:
        return Redone(published, "not-measured")
    return Redone(
        published,
        agreement(published.ratio, found.ci_low, found.ci_high),
        reference=found.reference,
        value=found.estimate,
        unit=found.unit,
        ratio=found.ratio,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
    )


def agreement(published: float, low: float | None, high: float | None) -> Agreement:
    """How the interval of a ratio agrees with a published ratio.

    The change is the ratio less 1. Of an interval that holds 1, no change is said only where half
    of the published one is excluded.
    """
    if low is None or high is None or published == 1:
        return "inconclusive"
    shares = sorted(((low - 1) / (published - 1), (high - 1) / (published - 1)))
    least, most = shares
    if least <= 0 <= most:
        return "none" if max(-least, most) < HALF else "inconclusive"
    if most < 0:
        return "opposite"
    if least >= HALF and most <= TWICE:
        return "same"
    if least > TWICE:
        return "larger"
    return "smaller" if most < HALF else "direction"
