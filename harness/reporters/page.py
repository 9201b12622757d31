"""What a report is made of: a table is laid out once, and every medium shows the same.

A box has what people read beside the value that is sorted and copied. Names in it are as they were
recorded: whatever renders it escapes them as its medium needs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.reporters.units import NOTHING
from harness.reporters.words import Look

Medium = Literal["terminal", "markdown", "html", "csv"]
EVERYWHERE: frozenset[Medium] = frozenset(("terminal", "markdown", "html", "csv"))


@dataclass(frozen=True, slots=True)
class Box:
    """One cell of a table. `raw` is its value in full, for sorting and CSV."""

    text: str
    raw: str = ""
    number: bool = False
    look: Look | None = None
    """The mark and the colour of a verdict; `text` has its word."""
    note: str = ""
    """More after the text, for which a terminal has no room."""

    @property
    def marked(self) -> str:
        """The text after its mark."""
        return f"{self.look.mark} {self.text}".lstrip() if self.look else self.text


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column, and the media that show it."""

    name: str
    left: bool = False
    """Whether it is set to the left, as names are; numbers are to the right."""
    media: frozenset[Medium] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `name` is that of the file that it is downloaded as."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Box, ...], ...]

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows), self.name

    def on(self, medium: Medium) -> Grid:
        """The same with the columns that a medium shows."""
        kept = [place for place, column in enumerate(self.columns) if medium in column.media]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in kept),
            rows=tuple(tuple(row[place] for place in kept) for row in self.rows),
        )

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column whether some cell is a number."""
        return tuple(
            any(row[place].number for row in self.rows) for place in range(len(self.columns))
        )


def columns(*names: str, left: int) -> tuple[Column, ...]:
    """Columns that every medium shows, the first `left` of them to the left."""
    return tuple(Column(name, left=place < left) for place, name in enumerate(names))


def text(words: object) -> Box:
    """A cell of words."""
    return Box(str(words), str(words))


def number(shown: str, value: float | None) -> Box:
    """A cell of a number as people read it; an empty one where there is none."""
    return Box(NOTHING) if value is None else Box(shown, repr(value), number=True)


def verdict(look: Look, note: str = "") -> Box:
    """A verdict or an outcome."""
    return Box(look.word, f"{look.word}{note}", look=look, note=note)
