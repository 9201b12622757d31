"""A page on a terminal.

Fits 80 columns; plain where the output is no terminal or NO_COLOR is set (rich sees to that).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.caution import Caution
from harness.plain import plain
from harness.reporters.page import (
    Box,
    Column,
    Fold,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    Picture,
    shown,
)

_STYLES = {"answer": "bold", "plain": "", "note": "dim"}


def render_page(page: Page, console: Console) -> None:
    """Print a page."""
    console.print(Group(*_lines(page, console)))


def _lines(page: Page, console: Console) -> Iterator[RenderableType]:
    """The parts, a blank line before each heading and table but the first."""
    begun = False
    for part in shown(page.parts, "terminal"):
        lines = list(_part(part, console))
        if begun and lines and isinstance(part, Heading | Grid):
            yield Text()
        yield from lines
        begun = begun or bool(lines)


def _part(part: Part, console: Console) -> Iterator[RenderableType]:
    match part:
        case Heading(words):
            yield Text(plain(words), style="bold")
        case Line(words, kind):
            yield Text(plain(words), style=_STYLES[kind])
        case Caution():
            yield Text(f"! {plain(part.one_line())}", style="yellow")
        case Grid():
            if part.caption:
                yield Text(plain(part.caption))
            yield _table(part, console)
        case Picture() | Fold():
            pass


def _table(grid: Grid, console: Console) -> Table:
    """A table with two spaces between columns; with one where it would be too wide."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    some_short = any(column.shortened for column in grid.columns)
    for column in grid.columns:
        table.add_column(
            Text(plain(column.name)),
            justify="left" if column.left else "right",
            overflow="fold",
            no_wrap=some_short and not column.shortened,
        )
    for row in grid.rows:
        table.add_row(*map(_cell, row, grid.columns))
    unlimited = console.options.update(max_width=sys.maxsize)
    if console.measure(table, options=unlimited).maximum > console.width:
        table.padding = 0
    return table


def _cell(cell: Box, column: Column) -> Text:
    style = cell.look.style if cell.look else ""
    words = Text(plain(cell.marked), style)
    if column.shortened:
        words.no_wrap, words.overflow = True, "ellipsis"
    if cell.below:
        words.append(f"\n→ {plain(cell.below)}", style="dim")
    return words
