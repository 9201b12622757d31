"""Ratios with intervals: paired by block, or between two groups that could not be interleaved.

The statistic is the mean of log ratios; its interval is Student's t on the logs, which keeps its
95 % down to a handful of blocks where bootstrap intervals are too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its 95 % interval, and the 90 % interval used to call two cells equivalent.

    Intervals are None with fewer than two values. `detectable` is the relative difference that
    a comparison of this size and spread finds in 4 of 5 cases.
    """

    ratio: float
    ci_low: float | None
    ci_high: float | None
    inner_low: float | None
    inner_high: float | None
    detectable: float | None
    n: int


def geometric_mean(values: Sequence[float]) -> float | None:
    """The geometric mean; None for an empty sequence or one with a value of zero or below."""
    if not values or min(values) <= 0:
        return None
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def geometric_spread(values: Sequence[float]) -> float | None:
    """The geometric standard deviation (1.0 is none); None below two values or at zero."""
    if len(values) < 2 or min(values) <= 0:
        return None
    return math.exp(_deviation([math.log(value) for value in values]))


def paired_ratio(values: Sequence[float], reference: Sequence[float]) -> Ratio | None:
    """The ratio of two cells measured in the same blocks; None where a value is not positive."""
    if not values or len(values) != len(reference) or min(*values, *reference) <= 0:
        return None
    logs = [math.log(a / b) for a, b in zip(values, reference, strict=True)]
    error = _deviation(logs) / math.sqrt(len(logs)) if len(logs) > 1 else None
    return _ratio(math.fsum(logs) / len(logs), error, len(logs) - 1, len(logs))


def unpaired_ratio(values: Sequence[float], reference: Sequence[float]) -> Ratio | None:
    """The same for two groups that were not interleaved (Welch's t on the logs)."""
    if not values or not reference or min(*values, *reference) <= 0:
        return None
    logs, other = [math.log(v) for v in values], [math.log(v) for v in reference]
    centre = math.fsum(logs) / len(logs) - math.fsum(other) / len(other)
    if min(len(logs), len(other)) < 2:
        return _ratio(centre, None, 0, len(logs))
    a, b = _deviation(logs) ** 2 / len(logs), _deviation(other) ** 2 / len(other)
    freedom = _welch(a, len(logs), b, len(other))
    return _ratio(centre, math.sqrt(a + b), freedom, min(len(logs), len(other)))


def _welch(a: float, n_a: int, b: float, n_b: int) -> float:
    spread = a**2 / (n_a - 1) + b**2 / (n_b - 1)
    return (a + b) ** 2 / spread if spread > 0 else float(n_a + n_b - 2)


def _ratio(centre: float, error: float | None, freedom: float, n: int) -> Ratio:
    if error is None:
        return Ratio(math.exp(centre), None, None, None, None, None, n)
    outer, inner = student_t(0.975, freedom) * error, student_t(0.95, freedom) * error
    detectable = math.expm1(outer + student_t(POWER, freedom) * error)
    return Ratio(
        ratio=math.exp(centre),
        ci_low=math.exp(centre - outer),
        ci_high=math.exp(centre + outer),
        inner_low=math.exp(centre - inner),
        inner_high=math.exp(centre + inner),
        detectable=detectable,
        n=n,
    )


def student_t(probability: float, freedom: float) -> float:
    """The quantile of Student's t distribution."""
    # Imported here: scipy takes longer to load than the command line may take to answer.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def _deviation(values: Sequence[float]) -> float:
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))
