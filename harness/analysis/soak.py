"""The slopes of a soak: what of a consumer grows while the same load goes on.

Theil and Sen's slope, the median of the slopes of all pairs, with the interval of Kendall's rank
correlation: a few windows in which a neighbour used the CPU move neither. The windows are means
over a sixtieth of the time, so that neighbours in time hardly depend on each other.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.model.run import Cell, Sample, SoakMoment
from harness.model.stored.soak import Growing, Trend

LEFT_OUT = 0.1
"""Of the time, at the beginning: caches and tables of the consumer fill."""
MIN_POINTS = 8
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
    """The slope of (ms, value) per hour with its 95 % interval; all None for too few points."""
    from scipy.stats import theilslopes

    times, values = [at for at, _ in points], [value for _, value in points]
    if len(set(times)) < MIN_POINTS:
        return None, None, None
    found = theilslopes(values, times, alpha=0.95)
    slope, low, high = (
        float(each) * HOUR_MS for each in (found.slope, found.low_slope, found.high_slope)
    )
    return slope, low, high
