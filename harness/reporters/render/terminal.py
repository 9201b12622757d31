"""A page on a terminal.

Fits 80 columns; plain where the output is no terminal or NO_COLOR is set (rich sees to that).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import compress

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
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
    Legend,
    Line,
    Page,
    Part,
    Picture,
    shown,
)
from harness.reporters.render.widths import column_widths, need_of

_STYLES = {"answer": "bold", "plain": "", "note": "dim"}
_LEAST_CUT = 10
"""A column that is cut shorter than this tells nothing, and is left out."""


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
        case Legend(entries):
            for name, words in entries:
                yield Text.assemble(plain(name), (f": {plain(words)}", "dim"))
        case Caution():
            yield Text(f"! {plain(part.one_line())}", style="yellow")
        case Grid():
            if part.caption:
                yield Text(plain(part.caption))
            yield _table(part, console)
        case Picture() | Fold():
            pass


def _table(grid: Grid, console: Console) -> RenderableType:
    """A table with two spaces between columns; with one where it would be too wide. Where even so a
    word would be broken, each row is a paragraph. A column of which a stump would be left is not
    shown.
    """
    needs = [
        need_of(
            plain(column.name),
            (_words(row[place]) for row in grid.rows),
            is_text=column.left,
            may_be_cut=column.shortened,
        )
        for place, column in enumerate(grid.columns)
    ]
    spaces = len(needs) - 1
    loose = sum(need.natural for need in needs) + 2 * spaces <= console.width
    widths = column_widths(needs, console.width - spaces * (2 if loose else 1))
    if widths is None:
        return Group(*map(_paragraph, [grid.columns] * len(grid.rows), grid.rows))
    kept = [
        not column.shortened or width >= min(need.natural, _LEAST_CUT)
        for column, width, need in zip(grid.columns, widths, needs, strict=True)
    ]
    if not all(kept) and _are_named(grid, kept):
        return _table(_with_columns(grid, kept), console)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, int(loose), 0, 0))
    table.show_edge = False
    for column, width in zip(grid.columns, widths, strict=True):
        table.add_column(
            Text(plain(column.name)),
            justify="left" if column.left else "right",
            vertical="top",
            overflow="fold",
            width=width,
        )
    for row in grid.rows:
        table.add_row(*map(_cell, row, grid.columns))
    return table


def _are_named(grid: Grid, kept: Sequence[bool]) -> bool:
    """Whether these columns still tell each row from the others."""
    names = [place for place, column in enumerate(grid.columns) if column.is_name and kept[place]]
    return all(any(row[place].marked for place in names) for row in grid.rows)


def _with_columns(grid: Grid, kept: Sequence[bool]) -> Grid:
    """The same table with those columns only that are kept."""
    return replace(
        grid,
        columns=tuple(compress(grid.columns, kept)),
        rows=tuple(tuple(compress(row, kept)) for row in grid.rows),
    )


def _paragraph(columns: Sequence[Column], row: Sequence[Box]) -> RenderableType:
    """A row on lines of its own: its names, then every value after its heading."""
    filled = [(column, cell) for column, cell in zip(columns, row, strict=True) if cell.marked]
    names = Text(" ").join(_cell(cell, column) for column, cell in filled if column.is_name)
    values = [
        Text.assemble((f"{plain(column.name)} ", "dim"), _cell(cell, column))
        for column, cell in filled
        if not column.is_name
    ]
    below = [Padding(Text(", ").join(values), (0, 0, 0, 2), expand=False)] if values else []
    return Group(names, *below)


def _cell(cell: Box, column: Column) -> Text:
    style = cell.look.style if cell.look else ""
    words = Text(plain(cell.marked), style)
    if column.shortened:
        words.no_wrap, words.overflow = True, "ellipsis"
    if cell.below:
        words.append(f"\n→ {plain(cell.below)}", style="dim")
    return words


def _words(cell: Box) -> str:
    """All that is printed of a cell."""
    return f"{plain(cell.marked)}\n→ {plain(cell.below)}" if cell.below else plain(cell.marked)
