"""The cost by number of producers, a table per scenario: price, waiting, queue, losses, CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.model.result import Comparison, Result
from harness.model.run import Cell
from harness.model.scaling import ScalingPoint
from harness.reporters.page import (
    DATA,
    TEXT_ONLY,
    WIDE,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Part,
    number,
    text,
    verdict,
)
from harness.reporters.units import NOTHING, count, duration, share
from harness.reporters.words import GROWTHS, VERDICTS

_LEGEND = (
    "Per operation, as one producer spends it: the elapsed time of all, times their number. "
    "`adds` is the difference to the reference with as many producers; `waiting` is the share of "
    "the time spent waiting for room in the backlog, `queue` the longest queue known, in records; "
    "CPU is that of workload, kauditd and consumer together."
)


def series_of(result: Result) -> dict[tuple[str, str, str], list[ScalingPoint]]:
    """The points by workload, scenario and consumer, the fewest producers first."""
    found: dict[tuple[str, str, str], list[ScalingPoint]] = {}
    for point in result.scaling:
        key = point.cell.workload, point.scenario, point.cell.consumer
        found.setdefault(key, []).append(point)
    return found


def series_label(result: Result, points: Sequence[ScalingPoint]) -> str:
    """The scenario, with the consumer where it was measured with several."""
    first = points[0]
    several = len({p.cell.consumer for p in result.scaling if p.scenario == first.scenario}) > 1
    return f"{first.scenario} ({first.cell.consumer})" if several else first.scenario


def primary_comparison(result: Result, cell: Cell) -> Comparison | None:
    """The comparison of a cell that the answer is about."""
    found = (c for c in result.comparisons if c.cell == cell and c.metric == result.primary)
    return next(found, None)


def scaling_parts(result: Result) -> Iterator[Part]:
    """A table per workload and scenario, by the number of producers."""
    for place, ((workload, _, _), points) in enumerate(series_of(result).items()):
        yield Heading(f"By producers at once: {workload} × {series_label(result, points)}")
        rows = tuple(_row(result, point) for point in points)
        yield Grid(f"scaling-{place}", "The price by number of producers", _COLUMNS, rows)
        yield from map(Line, growth_lines(points))
    if result.scaling:
        yield Line(_LEGEND, "note")


_COLUMNS = (
    Column("workload", left=True, media=DATA),
    Column("scenario", left=True, media=DATA),
    Column("producers"),
    Column("takes"),
    Column("reference", media=WIDE),
    Column("adds"),
    Column("95 % interval", media=TEXT_ONLY),
    Column("from", media=DATA),
    Column("to", media=DATA),
    Column("verdict", media=WIDE),
    Column("waited", media=WIDE),
    Column("waiting"),
    Column("queue"),
    Column("of", media=WIDE),
    Column("lost in", media=WIDE),
    Column("of trials", media=WIDE),
    Column("CPU"),
    Column("CPU, reference", media=WIDE),
)


def _row(result: Result, point: ScalingPoint) -> tuple[Box, ...]:
    compared = primary_comparison(result, point.cell)
    return (
        text(point.cell.workload),
        text(point.scenario),
        number(count(point.producers), point.producers),
        _time(point.time_ns),
        _time(point.reference_ns),
        number(added(point.price_ns), point.price_ns),
        text(between_times(point.price_low, point.price_high)),
        _time(point.price_low),
        _time(point.price_high),
        verdict(VERDICTS[compared.verdict if compared is not None else "no-reference"]),
        _time(point.waited_ns),
        number(share(point.waited_share), point.waited_share),
        number(count(point.backlog_high), point.backlog_high),
        number(count(point.backlog_limit), point.backlog_limit),
        number(count(point.trials_with_loss), point.trials_with_loss),
        number(count(point.trials), point.trials),
        _time(point.cpu_ns),
        _time(point.reference_cpu_ns),
    )


def _time(value_ns: float | None) -> Box:
    return number(duration(value_ns), value_ns)


def added(value_ns: float | None) -> str:
    """A time with its sign: `+3.3 µs`."""
    if value_ns is None:
        return NOTHING
    return f"+{duration(value_ns)}" if value_ns > 0 else duration(value_ns)


def between_times(low_ns: float | None, high_ns: float | None) -> str:
    """An interval of times."""
    if low_ns is None or high_ns is None:
        return NOTHING
    return f"{duration(low_ns)} to {duration(high_ns)}"


def growth_lines(points: Iterable[ScalingPoint]) -> Iterator[str]:
    """Of each number of producers whether the price differs from that with the fewest."""
    points = list(points)
    for point in points[1:]:
        if point.growth is not None:
            yield (
                f"From {count(points[0].producers)} to {count(point.producers)} "
                f"{GROWTHS[point.growth]}: {added(point.growth_ns)} "
                f"({between_times(point.growth_low, point.growth_high)})."
            )
