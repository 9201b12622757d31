"""The cells of a run while it goes on: a row each, and the trials that were measured last."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.result import Verdict
from harness.model.run import Cell
from harness.plain import plain
from harness.reporters.live.forest import Scale
from harness.reporters.live.lines import BARS
from harness.reporters.units import duration, interval, ratio, share
from harness.reporters.words import VERDICTS

NARROWING_WIDTH = 9
NARROW, WIDE = 0.005, 1.0
"""Halves of an interval that are drawn as the lowest and as the full bar."""
BESIDE = 70
"""What the columns beside the names take, with the word of the verdict and the space between."""
LEAST_FOREST = 20
"""Characters below which intervals are not drawn."""
MOST_NAME = 48
RECENT_WIDTH = 66
"""Of one trial in the list of the last ones."""


@dataclass(frozen=True, slots=True)
class CellLine:
    """What is known of a cell by now. `widths` are the halves of its interval, block by block."""

    cell: Cell
    estimate_ns: float | None = None
    ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    widths: tuple[float, ...] = ()
    verdict: Verdict = "inconclusive"
    """By the trials so far."""


def cell_table(lines: Sequence[CellLine], what: str, rows: int, width: int) -> RenderableType:
    """The first `rows` cells; how many are left out is not said here. A wide terminal also has
    the verdict so far as a word, more of the narrowing, and each interval drawn.
    """
    name = _Names([line.cell for line in lines])
    names = [plain(name(line.cell)) for line in lines]
    longest = min(max(map(cell_len, (what, *names))), MOST_NAME)
    spare = width - longest - BESIDE
    is_wide = spare >= LEAST_FOREST
    narrowing_width = NARROWING_WIDTH + (spare // 6 if is_wide else 0)
    table = _columns(what, narrowing_width, is_wide=is_wide)
    forest_width = spare - (narrowing_width - NARROWING_WIDTH) - 2
    bounds = (value for line in lines for value in (line.ratio, line.ci_low, line.ci_high))
    scale = Scale((value for value in bounds if value is not None), max(forest_width, 1))
    for line, shown in zip(lines[:rows], names, strict=False):
        look = VERDICTS[line.verdict]
        style = look.style if line.ci_low is not None else ""
        cells = [
            Text(shown),
            Text(duration(line.estimate_ns)),
            Text(ratio(line.ratio), style),
            Text(look.mark if style else "", style),
            Text(interval(line.ci_low, line.ci_high)),
            Text(share(_two_digits(line.widths[-1])) if line.widths else ""),
            Text(narrowing(line.widths[-narrowing_width:])),
        ]
        if is_wide:
            cells.insert(4, Text(look.word if style else "", style))
            cells.append(Text(scale.drawn(line.ratio, line.ci_low, line.ci_high), style))
        table.add_row(*cells)
    return table


def _columns(what: str, narrowing_width: int, *, is_wide: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False, header_style="bold")
    table.add_column(what, no_wrap=True, overflow="ellipsis", ratio=1, max_width=MOST_NAME)
    for header in ("value", "ratio"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, width=1)
    if is_wide:
        table.add_column("so far", no_wrap=True, min_width=12)
    for header in ("95 % interval", "±"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("narrowing", no_wrap=True, min_width=narrowing_width)
    if is_wide:
        table.add_column("interval, │ is the reference", no_wrap=True, overflow="ellipsis")
    return table


def recent_trials(recent: Sequence[str], rows: int, width: int) -> RenderableType:
    """The trials measured last, the newest first, down and then across, in `rows` lines with a
    heading and the blank line before it; nothing where there is no room for three.
    """
    rows -= 2
    if rows < 3 or not recent:
        return Group()
    across = max(width // RECENT_WIDTH, 1)
    shown = list(recent[: rows * across])
    table = Table.grid(padding=(0, 2))
    for _ in range(across):
        table.add_column(no_wrap=True, overflow="ellipsis", width=width // across - 2)
    for place in range(min(rows, len(shown))):
        table.add_row(*(Text(words, "dim") for words in shown[place::rows]))
    return Group(Text(), Text("last trials", "bold"), table)


def narrowing(widths: Iterable[float]) -> str:
    """One bar per half of an interval, by its logarithm from NARROW to WIDE: alike in all cells."""
    return "".join(BARS[_level(width)] for width in widths)


def _level(width: float) -> int:
    share_of_scale = math.log(max(width, NARROW) / NARROW) / math.log(WIDE / NARROW)
    return round(min(share_of_scale, 1.0) * (len(BARS) - 1))


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
