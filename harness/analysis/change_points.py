"""Where a history of log ratios moved to another level: PELT, with a penalty that noise pays.

A change costs c · s² · ln n, where s is how much runs differ that measure the same. The logarithm
is Schwarz's criterion for a level and a place that are both unknown; c is PENALTY, and more for few
runs, which tell s badly. With it at most one in twenty histories of 6 to 60 runs without a change
is given one, with normal noise and with Student's t of four degrees of freedom (simulated). s is
taken from the differences of neighbours, which a change of level hardly touches, and is at least
what the runs' own intervals say.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.errors import MissingExtraError
from harness.model.history import MIN_RUNS

MIN_AT_A_LEVEL = 2
"""Runs that must agree before they count as a level: one run alone may be an outlier."""
OUTLIER = 3.0
"""A run farther than this from what its neighbours say, in units of the noise, is drawn nearer."""
PENALTY = 5.0
FEW = 5.0
"""Of so many runs the penalty is doubled."""
_TO_SIGMA = 1 / (0.6745 * math.sqrt(2))
"""From the median size of a difference of two normal values to their standard deviation."""
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The run (its place in the history) from which on another level holds, in log ratios."""

    place: int
    before: float
    after: float


def change_points(
    logs: Sequence[float], errors: Sequence[float | None] | None = None
) -> list[ChangePoint] | None:
    """The changes of level in a history, oldest first; None below MIN_RUNS.

    `logs` is one log ratio per run, `errors` the standard error of each where it is known. Raises
    `MissingExtraError` with the remedy where ruptures is not installed, which is an extra.
    """
    if len(logs) < MIN_RUNS:
        return None
    from numpy import asarray

    try:
        from ruptures import Pelt
    except ImportError:
        raise MissingExtraError("finding changes of level", "ruptures", "history") from None
    sigma = _sigma(logs, errors or ())
    # In units of the noise: the cost is then as large for histories of any size.
    signal = asarray([[value / sigma] for value in _without_outliers(logs, OUTLIER * sigma)])
    search = Pelt(model="l2", min_size=MIN_AT_A_LEVEL, jump=1).fit(signal)
    ends = search.predict(pen=_penalty(len(logs)))
    levels = [statistics.fmean(logs[start:end]) for start, end in pairwise([0, *ends])]
    return [
        ChangePoint(place, before, after)
        for place, (before, after) in zip(ends, pairwise(levels), strict=False)
    ]


def _without_outliers(logs: Sequence[float], most: float) -> list[float]:
    """Each value within `most` of the median of three around it, as Hampel's filter has it."""
    last = len(logs) - 1
    middles = [min(max(place, 1), last - 1) for place in range(len(logs))]
    medians = [statistics.median(logs[middle - 1 : middle + 2]) for middle in middles]
    return [
        min(max(value, median - most), median + most)
        for value, median in zip(logs, medians, strict=True)
    ]


def _penalty(runs: int) -> float:
    return PENALTY * (1 + FEW / runs) * math.log(runs)


def _sigma(logs: Sequence[float], errors: Sequence[float | None]) -> float:
    """How far apart runs are that measure the same."""
    between = _TO_SIGMA * statistics.median(abs(b - a) for a, b in pairwise(logs))
    known = [error for error in errors if error is not None]
    within = statistics.median(known) if known else 0.0
    return max(between, within, _SMALLEST)
