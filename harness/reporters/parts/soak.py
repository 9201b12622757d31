"""What of a consumer grows during a soak, a row per quantity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.model.result import Result
from harness.model.run import Cell
from harness.model.stored.soak import Growing, Trend
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
)
from harness.reporters.parts.rows import Row, cell_label, several_consumers
from harness.reporters.units import NOTHING, count, duration, signed

QUANTITIES: Mapping[Growing, str] = {
    "memory": "memory",
    "cpu": "CPU per event",
    "delay": "delay of the output",
}
_COLUMNS = (
    Column("workload", left=True, media=DATA),
    Column("cell", left=True),
    Column("quantity", left=True),
    Column("median"),
    Column("per hour"),
    Column("95 % interval", media=TEXT_ONLY),
    Column("from", media=DATA),
    Column("to", media=DATA),
    Column("trend", left=True, is_value=True),
    Column("points", media=WIDE),
)
_LEGEND = (
    "Slopes over windows of a sixtieth of the time, the first tenth left out: Theil and Sen's, "
    "with the interval of Kendall's rank correlation. A trend is shown where that leaves out 0."
)


def soak_parts(result: Result) -> Iterator[Part]:
    """The table of all cells; none for a plan that is no soak."""
    if not result.trends:
        return
    yield Heading("What grows per hour")
    yield Grid("soak", "Slopes per hour", _COLUMNS, tuple(_row(result, t) for t in result.trends))
    yield Line(_LEGEND, "note")


def soaked_label(result: Result, cell: Cell) -> str:
    """The cell, with its consumer."""
    several = several_consumers(Row(each, {}, None) for each in _cells(result))
    return cell_label(cell, several=several) if several else f"{cell.scenario} {cell.consumer}"


def _cells(result: Result) -> list[Cell]:
    return list(dict.fromkeys(trend.cell for trend in result.trends))


def amount(growing: Growing, value: float | None) -> str:
    """A quantity in the unit that suits it."""
    if value is None:
        return NOTHING
    if growing == "memory":
        unit, size = ("MiB", 2**20) if abs(value) >= 2**20 else ("KiB", 2**10)
        return signed(f"{value / size:.3g} {unit}")
    return duration(value if growing == "cpu" else value * 1e6)


def trend_words(trend: Trend) -> str:
    """Whether it grows."""
    if trend.per_hour is None:
        return "too few points"
    if not trend.is_shown:
        return "none shown"
    return "grows" if trend.per_hour > 0 else "shrinks"


def between_slopes(trend: Trend) -> str:
    """The interval of a slope in words."""
    if trend.low is None:
        return NOTHING
    return f"{amount(trend.growing, trend.low)} to {amount(trend.growing, trend.high)}"


def _row(result: Result, trend: Trend) -> tuple[Box, ...]:
    return (
        text(trend.cell.workload),
        text(soaked_label(result, trend.cell)),
        text(QUANTITIES[trend.growing]),
        number(amount(trend.growing, trend.level), trend.level),
        number(amount(trend.growing, trend.per_hour), trend.per_hour),
        text(between_slopes(trend)),
        number(amount(trend.growing, trend.low), trend.low),
        number(amount(trend.growing, trend.high), trend.high),
        text(trend_words(trend)),
        number(count(trend.points), trend.points),
    )
