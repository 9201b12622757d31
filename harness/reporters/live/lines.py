"""A run while it goes on, as lines for a terminal: how far it is, what is known of each cell.

Drawing is split so that it disturbs the load little: the table of cells changes between trials
only and is laid out then; during a load only the lines above it are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harness.counted import counted
from harness.model.run import Cell
from harness.plain import plain
from harness.reporters.units import count, duration, interval, ratio, share

BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 16
NARROWING_WIDTH = 9
NARROW, WIDE = 0.005, 1.0
"""Halves of an interval that are drawn as the lowest and as the full bar."""
STATUS_LINES = 4
MIN_ROWS = 1
_AROUND = 4
"""Lines beside status and cells: a blank one, the header, the count of what did not fit, and the
one that the cursor is left on."""


@dataclass(frozen=True, slots=True)
class CellLine:
    """What is known of a cell by now. `widths` are the halves of its interval, block by block."""

    cell: Cell
    estimate_ns: float | None = None
    ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is. `backlog` and `lost` are by trial, the one under way last; None is unknown.

    `block` 0 is the warm-up; `now` and `last` are fit for a terminal.
    `left_s` is None before anything was measured.
    """

    block: int
    blocks: int
    done: int
    trials: int
    failed: int = 0
    left_s: float | None = None
    now: str = ""
    last: str = ""
    backlog: tuple[int | None, ...] = ()
    lost: tuple[int | None, ...] = ()


def status_lines(status: Status) -> list[Text]:
    """The lines above the table, always STATUS_LINES."""
    block = f"block {status.block} of {status.blocks}" if status.block else "warm-up"
    parts = [block, f"trial {min(status.done + 1, status.trials)} of {status.trials}"]
    parts += [f"{status.failed} failed"] if status.failed else []
    parts += [f"about {left(status.left_s)} left"] if status.left_s is not None else []
    head = Text(" · ".join(parts), style="bold")
    if status.failed:
        head.highlight_words([f"{status.failed} failed"], style="yellow")
    return [
        head,
        Text(f"now      {status.now}"),
        Text(f"last     {status.last}"),
        Text(f"backlog  {_queue(status.backlog)}   lost  {_queue(status.lost)}"),
    ]


def _queue(values: Sequence[int | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    most = f", {count(max(known))} at most" if max(known) else ""
    return f"{sparkline(values)} {count(known[-1])}{most}"


def left(seconds: float) -> str:
    """A time to wait, as coarse as it is known: `8 s`, `2 min 10 s`, `1 h 20 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, seconds_left = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {seconds_left} s"
    return f"{minutes // 60} h {minutes % 60} min"


def sparkline(values: Iterable[float | None]) -> str:
    """One bar per value, the highest in full; a blank for what is not known."""
    values = list(values)
    top = max((value for value in values if value is not None), default=0)

    def bar(value: float | None) -> str:
        if value is None:
            return " "
        return BARS[round(value / top * (len(BARS) - 1))] if top > 0 else BARS[0]

    return "".join(map(bar, values))


def narrowing(widths: Iterable[float]) -> str:
    """One bar per half of an interval, by its logarithm from NARROW to WIDE: alike in all cells."""
    return "".join(BARS[_level(width)] for width in widths)


def _level(width: float) -> int:
    share_of_scale = math.log(max(width, NARROW) / NARROW) / math.log(WIDE / NARROW)
    return round(min(share_of_scale, 1.0) * (len(BARS) - 1))


def rows_that_fit(height: int) -> int:
    """How many cells a terminal of so many lines has room for."""
    return max(height - STATUS_LINES - _AROUND, MIN_ROWS)


def cell_table(lines: Sequence[CellLine], what: str, rows: int) -> Table:
    """The first `rows` cells; how many are left out is not said here."""
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False, header_style="bold")
    table.add_column(what, no_wrap=True, overflow="ellipsis", ratio=1)
    for header in ("value", "ratio", "95 % interval", "±"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("narrowing", no_wrap=True, min_width=NARROWING_WIDTH)
    name = _Names([line.cell for line in lines])
    for line in lines[:rows]:
        table.add_row(
            Text(plain(name(line.cell))),
            duration(line.estimate_ns),
            ratio(line.ratio),
            interval(line.ci_low, line.ci_high),
            share(_two_digits(line.widths[-1])) if line.widths else "",
            narrowing(line.widths[-NARROWING_WIDTH:]),
        )
    return table


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


class _Names:
    """Cells by the parts of their names in which they differ; the scenario always."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._workload = len({cell.workload for cell in cells}) > 1
        scenarios = {(cell.workload, cell.scenario) for cell in cells}
        self._consumer = len(scenarios) < len(set(cells))

    def __call__(self, cell: Cell) -> str:
        parts = [cell.workload] if self._workload else []
        parts += [cell.scenario]
        parts += [cell.consumer] if self._consumer else []
        return " × ".join(parts)


class Frame:
    """All that is on the screen: the lines of now above a table that was laid out before."""

    def __init__(self, status: Status, table: list[list[Segment]], more: int) -> None:
        self._status, self._table, self._more = status, table, more

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in status_lines(self._status):
            line.truncate(options.max_width, overflow="ellipsis")
            yield line
        yield Segment.line()
        for segments in self._table:
            yield from segments
            yield Segment.line()
        if self._more:
            yield Text(f"… and {counted(self._more, 'more cell')}", style="dim")
