"""What a report is made of: it is laid out once, and every medium renders the same page.

A reporter is one function from a type of the model to a `Page`: the answer first, then headings,
lines, cautions and tables in the order in which they are read (`compare.py` is an example).
`render_page` of `render/terminal.py` and `page_markdown` of `render/markdown.py` make bytes of it,
and so does the macro `parts` of the HTML report.

A new column is one `Column` and one `Box` in each row. If a medium has no room for something,
`media` or `Box.note` says so; no medium has a layout of its own. Names stay as they were recorded:
renderers escape them as their medium needs. A table without rows or columns is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from harness.model.caution import Caution
from harness.reporters.units import NOTHING, interval, ratio
from harness.reporters.words import Look

Medium = Literal["terminal", "markdown", "html", "csv"]
EVERYWHERE: frozenset[Medium] = frozenset(("terminal", "markdown", "html", "csv"))
TERMINAL: frozenset[Medium] = frozenset(("terminal",))
"""For words that are columns of their own elsewhere."""
WIDE = EVERYWHERE - TERMINAL
"""For columns beyond what fits in 80 characters."""
TEXT_ONLY: frozenset[Medium] = frozenset(("terminal", "markdown"))
DATA = EVERYWHERE - TEXT_ONLY
"""Where columns are sorted, and copied into other programs."""


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
    below: str = ""
    """A second line, such as what to do about it."""

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
    shortened: bool = False
    """Whether a terminal cuts it short where a row is too wide, so that no other is folded."""
    is_value: bool = False
    """Whether a row that is a paragraph tells its heading, though it is set to the left."""

    @property
    def is_name(self) -> bool:
        """Whether it tells which row this is, and needs no heading."""
        return self.left and not self.is_value


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
        """For each column whether some cell is a number, or all lack one."""
        return tuple(
            any(box.number for box in boxes) or not any(box.raw for box in boxes)
            for boxes in zip(*self.rows, strict=True)
        ) or (False,) * len(self.columns)


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of the parts up to the next one."""

    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph: the answer stands out, a note (how to read a table) stands back."""

    words: str
    kind: Literal["plain", "answer", "note"] = "plain"
    media: frozenset[Medium] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Legend:
    """Names that stand nearby, each with what it means. Not shown without any."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The place of a plot, for media that have any. `name` tells the page which one."""

    name: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Parts that are closed until a reader opens them. A terminal, where nothing can be opened,
    leaves them out.
    """

    words: str
    parts: tuple[Part, ...]


Part = Heading | Line | Legend | Caution | Grid | Picture | Fold


@dataclass(frozen=True, slots=True)
class Page:
    """A report. A terminal does not show the title: the command stands there."""

    title: str
    parts: tuple[Part, ...]


def shown(parts: Iterable[Part], medium: Medium) -> Iterator[Part]:
    """The parts that a medium shows, with the columns that it shows of each table."""
    for part in parts:
        match part:
            case Line() if medium not in part.media:
                continue
            case Legend(entries) if not entries:
                continue
            case Grid():
                grid = part.on(medium)
                if grid.rows and grid.columns:
                    yield grid
            case Fold():
                inner = tuple(shown(part.parts, medium))
                if inner and medium != "terminal":
                    yield replace(part, parts=inner)
            case _:
                yield part


INTERVAL = (
    Column("95 % interval", media=TEXT_ONLY),
    Column("from", media=DATA),
    Column("to", media=DATA),
)
"""Of a ratio: in words, or as two numbers."""


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


def interval_boxes(low: float | None, high: float | None) -> tuple[Box, Box, Box]:
    """The interval of a ratio under INTERVAL."""
    return text(interval(low, high)), number(ratio(low), low), number(ratio(high), high)
