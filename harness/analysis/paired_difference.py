"""The mean of paired differences with its 95 % interval, by ranks as ratios have it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.analysis.ratio import CONFIDENCE, INNER_CONFIDENCE, student_t
from harness.analysis.signed_rank import rank_centre, rank_interval


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference with its 95 % interval, and the 90 % one that calls two values equal."""

    centre: float
    low: float
    high: float
    inner_low: float
    inner_high: float


def paired_difference(values: Sequence[float]) -> Difference | None:
    """What these differences, one per block, amount to; None below two blocks.

    From six blocks on the median of the means of two blocks and the interval of the signed ranks,
    with fewer the mean and Student's t.
    """
    if len(values) < 2:
        return None
    intervals = rank_interval(values, (CONFIDENCE, INNER_CONFIDENCE))
    if intervals is not None:
        (low, high), (inner_low, inner_high) = intervals
        return Difference(rank_centre(values), low, high, inner_low, inner_high)
    centre = math.fsum(values) / len(values)
    spread = math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)
    error = math.sqrt(spread / len(values))
    outer = student_t((1 + CONFIDENCE) / 2, len(values) - 1) * error
    inner = student_t((1 + INNER_CONFIDENCE) / 2, len(values) - 1) * error
    return Difference(centre, centre - outer, centre + outer, centre - inner, centre + inner)
