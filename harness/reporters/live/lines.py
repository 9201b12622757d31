"""A run while it goes on, as lines for a terminal: what it is for, and how far it is.

Drawing is split so that it disturbs the load little: the table of cells and the list of trials
change between trials only and are laid out then; during a load only the lines above them are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from harness.counted import counted
from harness.reporters.units import count

BARS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 16
MOST_SPARKS = 80
_BESIDE_SPARKS = 48
"""Characters of the line of the queue that are no sparkline."""
STATUS_LINES = 4
"""Without that of the purpose."""
MIN_ROWS = 1
_KEY = " · Ctrl-C stops and keeps"
"""Where there is room for it; what was measured can be shown and resumed."""
_AROUND = 4
"""Lines beside status and cells: a blank one, the header, the count of what did not fit, and the
one that the cursor is left on."""


@dataclass(frozen=True, slots=True)
class Status:
    """How far a run is. `backlog` and `lost` are by trial, the one under way last; None is unknown.

    `block` 0 is the warm-up; `now`, `last` and `purpose`, what the run is for, are fit for a
    terminal. `left_s` is None before anything was measured.
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
    purpose: str = ""


def status_lines(status: Status, width: int) -> list[Text]:
    """The lines above the table: STATUS_LINES, and one before them if the purpose is known."""
    block = f"block {status.block} of {status.blocks}" if status.block else "warm-up"
    parts = [block, f"trial {min(status.done + 1, status.trials)} of {status.trials}"]
    parts += [f"{status.failed} failed"] if status.failed else []
    parts += [f"about {left(status.left_s)} left"] if status.left_s is not None else []
    head = Text(" · ".join(parts), style="bold")
    if len(head) + len(_KEY) <= width:
        head.append(_KEY, style="not bold dim")
    if status.failed:
        head.highlight_words([f"{status.failed} failed"], style="yellow")
    sparks = min(max(SPARK_WIDTH, (width - _BESIDE_SPARKS) // 2), MOST_SPARKS)
    backlog, lost = _queue(status.backlog, sparks), _queue(status.lost, sparks)
    return [
        *([Text(status.purpose)] if status.purpose else []),
        head,
        Text(f"now      {status.now}"),
        Text(f"last     {status.last}"),
        Text.assemble("backlog  ", backlog, "   lost  ", (lost, "red" if any(status.lost) else "")),
    ]


def _queue(values: Sequence[int | None], sparks: int) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    most = f", {count(max(known))} at most" if max(known) else ""
    return f"{sparkline(values[-sparks:])} {count(known[-1])}{most}"


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


def rows_that_fit(height: int, *, purpose: bool = False) -> int:
    """How many cells a terminal of so many lines has room for."""
    return max(height - STATUS_LINES - purpose - _AROUND, MIN_ROWS)


class Frame:
    """All that is on the screen: the lines of now above what was laid out before."""

    def __init__(
        self,
        status: Status,
        table: list[list[Segment]],
        more: int,
        recent: list[list[Segment]],
    ) -> None:
        self._status, self._table, self._more, self._recent = status, table, more, recent

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in status_lines(self._status, options.max_width):
            line.truncate(options.max_width, overflow="ellipsis")
            yield line
        yield Segment.line()
        for segments in self._table:
            yield from segments
            yield Segment.line()
        if self._more:
            yield Text(f"… and {counted(self._more, 'more cell')}", style="dim")
        for segments in self._recent:
            yield from segments
            yield Segment.line()
