"""The slopes of a soak: what of a consumer grows while the same load goes on.

Theil and Sen's slope, the median of the slopes of all pairs, with the interval of Kendall's rank
correlation: a few windows in which a neighbour used the CPU move neither. The windows are means
over a sixtieth of the time; how far they still depend on each other is in the interval.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.model.run import Cell, Sample, SoakMoment
from harness.model.stored.soak import Growing, Trend

LEFT_OUT = 0.1
"""Of the time, at the beginning: caches and tables of the consumer fill."""
MIN_POINTS = 8
_NORMAL_95 = 1.959964
_MOST_FOLLOWS = 0.85
"""More makes no wider interval: it would be as long as the slopes of all pairs."""
HOUR_MS = 3_600_000
_OF: Mapping[Growing, Callable[[SoakMoment], float | None]] = {
    "memory": lambda moment: moment.memory_bytes,
    "cpu": lambda moment: moment.cpu_ns_per_event,
    "delay": lambda moment: moment.delay_ms,
}


def trends(samples: Iterable[Sample]) -> list[Trend]:
    """Every quantity of every cell that was soaked; warm-up and invalid trials left out."""
    by_cell: dict[Cell, Sample] = {}
    for sample in samples:
        if sample.soak and sample.valid and not sample.warm_up:
            by_cell[sample.cell] = sample
    return [
        found
        for cell, sample in by_cell.items()
        for growing in _OF
        if (found := _trend(cell, growing, sample.soak)) is not None
    ]


def _trend(cell: Cell, growing: Growing, moments: Sequence[SoakMoment]) -> Trend | None:
    first_ms = moments[-1].t_ms * LEFT_OUT
    points = [
        (moment.t_ms, value)
        for moment in moments
        if moment.t_ms >= first_ms and (value := _OF[growing](moment)) is not None
    ]
    if not points:
        return None
    slope, low, high = slope_per_hour(points)
    return Trend(
        cell=cell,
        growing=growing,
        level=statistics.median(value for _, value in points),
        per_hour=slope,
        low=low,
        high=high,
        points=len(points),
        seconds=(points[-1][0] - points[0][0]) / 1000,
    )


def slope_per_hour(
    points: Sequence[tuple[float, float]],
) -> tuple[float | None, float | None, float | None]:
    """The slope of (ms, value) per hour with its 95 % interval; all None for too few points.

    Kendall's interval supposes that each point is a new one. Memory stays where it is, and a
    neighbour's load lasts: where points follow those before them, the interval is wider by as much
    as an average of such points is less sure.
    """
    from scipy.special import ndtr
    from scipy.stats import theilslopes

    times, values = [at for at, _ in points], [value for _, value in points]
    if len(set(times)) < MIN_POINTS:
        return None, None, None
    follows = _autocorrelation(times, values, float(theilslopes(values, times).slope))
    reach = _NORMAL_95 * math.sqrt((1 + follows) / (1 - follows))
    found = theilslopes(values, times, alpha=float(2 * ndtr(reach) - 1))
    slope, low, high = (
        float(each) * HOUR_MS for each in (found.slope, found.low_slope, found.high_slope)
    )
    return slope, low, high


def _autocorrelation(times: Sequence[float], values: Sequence[float], slope: float) -> float:
    """How far what is left beside the slope follows the point before, from 0 to the most that an
    interval can be made of; corrected for what so few points make it too small.
    """
    left = [value - slope * at for at, value in zip(times, values, strict=True)]
    mean = statistics.fmean(left)
    left = [each - mean for each in left]
    spread = sum(each * each for each in left)
    if spread == 0:
        return 0.0
    found = sum(after * before for before, after in itertools.pairwise(left)) / spread
    return min(max(found + (1 + 4 * found) / len(left), 0.0), _MOST_FOLLOWS)
