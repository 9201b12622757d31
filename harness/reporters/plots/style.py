"""How plots look: colours that colour-blind people tell apart, on light and on dark ground.

A picture is five inches wide with letters of ten points, so that it fits a mail of 80 columns and
can still be read on a phone 380 pixels wide.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from harness.plain import plain

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN = 5.0
LETTER_PT = 10.0
SMALL_PT = 8.5
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"
"""Okabe and Ito's."""

LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 1.5, 1, 1.5)))
"""Dashes that tell lines apart once the colours are used up."""

SETTINGS: dict[str, Any] = {
    # A name may hold `$` or `\\`: nothing is taken for mathematics.
    "text.parse_math": False,
    "text.usetex": False,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    # The reader of an SVG may have another one; the fallback then has no serifs either.
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": LETTER_PT,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "auditbench",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one ground. `series` has seven that differ from each other and from it."""

    ground: str
    text: str
    faint: str
    band: str
    series: tuple[str, ...]


LIGHT = Ink(
    ground="#ffffff",
    text="#1a1a1a",
    faint="#666666",
    band="#e2e2e2",
    series=(BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, "#1a1a1a"),
)
DARK = Ink(
    ground="#121212",
    text="#eeeeee",
    faint="#a8a8a8",
    band="#383838",
    series=(SKY, ORANGE, GREEN, PURPLE, VERMILION, YELLOW, "#eeeeee"),
)


def ink(*, dark: bool) -> Ink:
    """The colours for a dark or a light ground."""
    return DARK if dark else LIGHT


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib's settings while something is drawn or written, whatever the user's own are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        cast(Any, mpl.rcParams).update(SETTINGS)
        yield


def new_figure(colours: Ink, height_in: float) -> Figure:
    """An empty picture."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH_IN, height_in), facecolor=colours.ground)


def add_axes(
    figure: Figure,
    colours: Ink,
    *,
    left_in: float,
    top_in: float,
    width_in: float,
    height_in: float,
) -> Axes:
    """A panel placed in inches from the upper left corner, with a quiet frame."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes(
        (left_in / width, 1 - (top_in + height_in) / height, width_in / width, height_in / height)
    )
    axes.set_facecolor("none")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(colours.faint)
    axes.tick_params(colors=colours.faint, labelcolor=colours.text, labelsize=SMALL_PT)
    axes.minorticks_off()
    return axes


def write(
    figure: Figure, colours: Ink, left_in: float, top_in: float, text: str, **more: Any
) -> None:
    """Text at a place in inches from the upper left corner; `top_in` is its upper edge."""
    width, height = figure.get_size_inches()
    look: dict[str, Any] = {"color": colours.text, "va": "top", "ha": "left", "fontsize": LETTER_PT}
    figure.text(left_in / width, 1 - top_in / height, text, **(look | more))


def write_titles(
    figure: Figure, colours: Ink, top_in: float, title: str, subtitle: str = ""
) -> None:
    """What a panel is of, in bold, and below that what it shows."""
    write(figure, colours, 0.05, top_in, wrapped(title, 40, 1), weight="bold")
    if subtitle:
        write(figure, colours, 0.05, top_in + 0.2, subtitle, fontsize=SMALL_PT)


def legend(figure: Figure, colours: Ink, handles: Sequence[Artist], *, columns: int = 1) -> None:
    """What the marks mean, at the foot of the picture."""
    figure.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.0, 0.0),
        ncols=columns,
        frameon=False,
        fontsize=SMALL_PT,
        labelcolor=colours.text,
        columnspacing=1.2,
    )


def wrapped(name: str, letters: int, lines: int = 3) -> str:
    """A name fit for a picture: escaped, broken at hyphens or anywhere, in so many lines at most.

    What is too long is cut at its end; of several lines the last is cut at its beginning, because
    names that begin alike differ there.
    """
    text = plain(name)
    found = textwrap.wrap(text, letters, break_long_words=True) or [""]
    if len(found) > lines == 1:
        return found[0][: letters - 1] + "…"
    if len(found) > lines:
        last = " ".join(text.split())[-(letters - 1) :].lstrip()
        found = [*found[: lines - 1], "…" + last]
    return "\n".join(found)
