"""What a picture of its own says above and below the plot: what it shows, where and when."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.plain import plain
from harness.reporters.plots.style import LETTER_PT, WIDTH_IN, Ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

TITLE_IN, LINE_IN = 0.34, 0.14
LEFT_IN, BELOW_IN = 0.05, 0.08
ORIGIN_PT = 7.0
LINE_LETTERS = 84
"""Letters of the origin in a line."""


@dataclass(frozen=True, slots=True)
class Caption:
    """The title, and where and when it was measured, in parts."""

    title: str
    origin: tuple[str, ...]

    @property
    def title_words(self) -> str:
        """The title, fit to be shown."""
        return plain(self.title)

    @property
    def origin_words(self) -> str:
        """Where and when, in one line, fit to be shown."""
        return " · ".join(map(plain, self.origin))


def write_caption(figure: Figure, caption: Caption, colours: Ink) -> Bbox:
    """Write it above and below a figure; what there is to see then, in inches."""
    from matplotlib.transforms import Bbox

    height_in = float(figure.get_figheight())
    lines = textwrap.wrap(caption.origin_words, LINE_LETTERS, break_long_words=True)
    below_in = BELOW_IN + LINE_IN * len(lines)
    figure.text(
        LEFT_IN / WIDTH_IN,
        1 + (TITLE_IN - 0.1) / height_in,
        textwrap.shorten(caption.title_words, 60, placeholder=" …"),
        color=colours.text,
        fontsize=LETTER_PT + 2,
        weight="bold",
        va="top",
    )
    figure.text(
        LEFT_IN / WIDTH_IN,
        -0.04 / height_in,
        "\n".join(lines),
        color=colours.faint,
        fontsize=ORIGIN_PT,
        va="top",
    )
    return Bbox.from_extents(0, -below_in, WIDTH_IN, height_in + TITLE_IN)
