"""Tables of the page: what is shown, and beside it the value that is sorted and copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.result import Verdict
from harness.reporters.export.csv import csv_text
from harness.reporters.units import NOTHING
from harness.reporters.words import VERDICTS

MOST_ROWS = 250
"""A longer table is not shown, only copied and downloaded."""


@dataclass(frozen=True, slots=True)
class Box:
    """One cell of a table. `raw` is its value in full, for sorting and CSV."""

    text: str
    raw: str = ""
    number: bool = False
    verdict: str = ""
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its name; `numeric` are the columns that are set to the right."""

    name: str
    """Of the file that it is downloaded as."""
    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[Box, ...], ...]
    csv: str = ""
    """In place of the rows, where there are too many to show."""
    count: int = 0

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column whether some cell is a number."""
        return tuple(
            any(row[place].number for row in self.rows) for place in range(len(self.header))
        )


def text(words: object) -> Box:
    """A cell of words."""
    return Box(str(words), str(words))


def number(shown: str, value: float | None) -> Box:
    """A cell of a number as people read it; an empty one where there is none."""
    return Box(NOTHING) if value is None else Box(shown, repr(value), number=True)


def verdict(name: Verdict, note: str = "") -> Box:
    """A verdict in words and as a shape."""
    look = VERDICTS[name]
    words = f"{look.word}{note}"
    return Box(words, words, verdict=name, shape=look.mark)


def value(anything: Any) -> Box:
    """A cell of data behind a plot, as it is."""
    if anything is None:
        return Box(NOTHING)
    if isinstance(anything, bool):
        return text("yes" if anything else "no")
    if isinstance(anything, int | float):
        shown = f"{anything:,}" if isinstance(anything, int) else f"{anything:,.6g}"
        return Box(shown, repr(anything), number=True)
    return text(anything)


def data_grid(
    name: str, caption: str, header: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Grid:
    """The data behind a plot; a table that is too long as CSV only."""
    if len(rows) > MOST_ROWS:
        records = [dict(zip(header, row, strict=False)) for row in rows]
        return Grid(name, caption, tuple(header), (), csv_text(records), len(rows))
    width = len(header)
    boxes = (tuple(value(cell) for cell in row) for row in rows)
    filled = tuple((row + (Box(NOTHING),) * width)[:width] for row in boxes)
    return Grid(name, caption, tuple(header), filled)
