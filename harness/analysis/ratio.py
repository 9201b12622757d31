"""Ratios with intervals: paired by block, or between two groups that could not be interleaved.

The estimate is the median of the means of two log ratios, its interval that of the signed ranks:
they hold under any noise that shuffling makes symmetric, and few bad trials do not move them.
Below six blocks, where there is no such interval, and beside it: the mean, and Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.analysis.signed_rank import rank_centre, rank_interval

CONFIDENCE = 0.95
INNER_CONFIDENCE = 0.9
POWER = 0.8
MOST_LOG = 300.0
"""An interval wider than e to this, in either direction, says nothing; e to 710 is no number."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its 95 % interval, and the 90 % interval used to call two cells equal.

    Intervals are None with fewer than two values, or where they would be too wide for numbers;
    `mean`, `t_low` and `t_high` are the geometric mean and Student's interval around it.
    `detectable` is the relative difference that a comparison of this size and spread finds in 4 of
    5 cases. `deviation` is the standard deviation that log ratios of normal noise would have to
    make as wide an interval, None where nothing was paired.
    """

    ratio: float
    ci_low: float | None
    ci_high: float | None
    inner_low: float | None
    inner_high: float | None
    detectable: float | None
    n: int
    mean: float | None = None
    t_low: float | None = None
    t_high: float | None = None
    deviation: float | None = None


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


def log_ratios(values: Sequence[float], reference: Sequence[float]) -> list[float] | None:
    """The logarithms of the ratios by block; None where a value is not positive."""
    if not values or len(values) != len(reference) or min(*values, *reference) <= 0:
        return None
    return [_log_ratio(a, b) for a, b in zip(values, reference, strict=True)]


def _log_ratio(value: float, reference: float) -> float:
    quotient = value / reference
    if 0 < quotient < math.inf:
        return math.log(quotient)
    # Too small or too large to be a number, but its logarithm is one.
    return math.log(value) - math.log(reference)


def paired_ratio(values: Sequence[float], reference: Sequence[float]) -> Ratio | None:
    """The ratio of two cells measured in the same blocks; None where a value is not positive."""
    logs = log_ratios(values, reference)
    return None if logs is None else ratio_of_logs(logs)


def ratio_of_logs(logs: Sequence[float]) -> Ratio:
    """The ratio that these log ratios, one per block, amount to. At least one."""
    centre = math.fsum(logs) / len(logs)
    if len(logs) < 2:
        return _student(centre, None, 0, len(logs))
    deviation = _deviation(logs)
    found = _student(centre, deviation / math.sqrt(len(logs)), len(logs) - 1, len(logs))
    found = replace(found, deviation=deviation)
    intervals = rank_interval(logs, (CONFIDENCE, INNER_CONFIDENCE))
    if intervals is None:
        return found
    (low, high), (inner_low, inner_high) = intervals
    half = (high - low) / 2
    error = half / student_t((1 + CONFIDENCE) / 2, len(logs) - 1)
    reach = half + student_t(POWER, len(logs) - 1) * error
    if reach > MOST_LOG:
        return found
    return replace(
        found,
        ratio=math.exp(rank_centre(logs)),
        detectable=math.expm1(reach),
        deviation=error * math.sqrt(len(logs)),
        ci_low=math.exp(low),
        ci_high=math.exp(high),
        inner_low=math.exp(inner_low),
        inner_high=math.exp(inner_high),
    )


def unpaired_ratio(values: Sequence[float], reference: Sequence[float]) -> Ratio | None:
    """The same for two groups that were not interleaved (Welch's t on the logs)."""
    if not values or not reference or min(*values, *reference) <= 0:
        return None
    logs, other = [math.log(v) for v in values], [math.log(v) for v in reference]
    centre = math.fsum(logs) / len(logs) - math.fsum(other) / len(other)
    if min(len(logs), len(other)) < 2:
        return _student(centre, None, 0, len(logs))
    a, b = _deviation(logs) ** 2 / len(logs), _deviation(other) ** 2 / len(other)
    freedom = _welch(a, len(logs), b, len(other))
    return _student(centre, math.sqrt(a + b), freedom, min(len(logs), len(other)))


def _welch(a: float, n_a: int, b: float, n_b: int) -> float:
    spread = a**2 / (n_a - 1) + b**2 / (n_b - 1)
    return (a + b) ** 2 / spread if spread > 0 else float(n_a + n_b - 2)


def _student(centre: float, error: float | None, freedom: float, n: int) -> Ratio:
    """Everything by Student's t; `error` is the standard error of the centre.

    Without intervals where there is no error, or it is so large that they would not be numbers.
    """
    outer = inner = reach = math.inf
    if error is not None:
        outer = student_t((1 + CONFIDENCE) / 2, freedom) * error
        inner = student_t((1 + INNER_CONFIDENCE) / 2, freedom) * error
        reach = outer + student_t(POWER, freedom) * error
    if not abs(centre) + reach <= MOST_LOG:
        return Ratio(math.exp(centre), None, None, None, None, None, n, mean=math.exp(centre))
    low, high = math.exp(centre - outer), math.exp(centre + outer)
    return Ratio(
        ratio=math.exp(centre),
        ci_low=low,
        ci_high=high,
        inner_low=math.exp(centre - inner),
        inner_high=math.exp(centre + inner),
        detectable=math.expm1(reach),
        n=n,
        mean=math.exp(centre),
        t_low=low,
        t_high=high,
    )


def student_t(probability: float, freedom: float) -> float:
    """The quantile of Student's t distribution."""
    # Imported here: scipy takes longer to load than the command line may take to answer.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def _deviation(values: Sequence[float]) -> float:
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1))
