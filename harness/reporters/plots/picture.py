"""A figure as bytes: SVG whose text is text, PNG, or PDF. The same figure gives the same bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

from harness.reporters.plots.caption import Caption, write_caption
from harness.reporters.plots.style import ink, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Format = Literal["svg", "png", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
PNG_DOTS_PER_INCH = 160

_NOTHING_OF_THE_DAY = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "ModDate": None, "Creator": None, "Producer": None},
}

_ABOUT: Mapping[Format, str] = {"svg": "Description", "png": "Description", "pdf": "Subject"}
"""Where a file says what else is known of it."""


def picture_bytes(
    figure: Figure, form: Format, caption: Caption | None = None, *, dark: bool = False
) -> bytes:
    """The picture as a file of its own, with its caption on it and in the file's metadata."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    canvas = {"svg": FigureCanvasSVG, "png": FigureCanvasAgg, "pdf": FigureCanvasPdf}[form]
    data, seen = io.BytesIO(), None
    metadata: dict[str, str | None] = dict(_NOTHING_OF_THE_DAY[form])
    if caption is not None:
        metadata["Title"] = caption.title_words
        metadata[_ABOUT[form]] = caption.origin_words
    with settings(), warnings.catch_warnings():
        if caption is not None:
            seen = write_caption(figure, caption, ink(dark=dark))
        # A name in letters that the font lacks: SVG has them all the same, others show boxes.
        warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font", UserWarning)
        canvas(figure).print_figure(
            data,
            format=form,
            dpi=PNG_DOTS_PER_INCH if form == "png" else 72,
            facecolor=figure.get_facecolor(),
            metadata=metadata,
            bbox_inches=seen,
        )
    return data.getvalue()


def svg_text(figure: Figure) -> str:
    """The picture as an SVG document."""
    return picture_bytes(figure, "svg").decode()
