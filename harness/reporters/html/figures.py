"""The plots of the page: each drawn once per workload, with its words and its data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from harness.reporters.html.data import data_grid
from harness.reporters.html.svg import Palette, inline_svg
from harness.reporters.page import Grid
from harness.reporters.plots.base import Data, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALL = 1.5
_BOX = re.compile(r'viewBox="\S+ \S+ (\S+) (\S+)"')


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing, of one workload."""

    workload: str
    svg: Markup

    @property
    def is_tall(self) -> bool:
        """Whether it needs a page's height to be read on paper."""
        box = _BOX.search(self.svg)
        return box is not None and float(box[2]) > TALL * float(box[1])


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot on the page: drawings, the same in words and as data; or why it is missing."""

    title: str
    drawings: tuple[Drawing, ...] = ()
    words: tuple[str, ...] = ()
    data: Grid | None = None
    missing: str = ""


def make_panels(
    view: Data,
    plots: Mapping[str, Plot[Data]],
    workloads: Sequence[str],
    *,
    prefix: str,
    palette: Palette,
) -> dict[str, Panel]:
    """Every plot of a run by its name. Ids in the drawings begin with `prefix`."""
    return {
        name: _panel(view, plot, name, workloads, f"{prefix}-{name}", palette)
        for name, plot in plots.items()
    }


def _panel(
    view: Data,
    plot: Plot[Data],
    name: str,
    workloads: Sequence[str],
    prefix: str,
    palette: Palette,
) -> Panel:
    if reason := plot.unavailable(view):
        return Panel(plot.title, missing=reason)
    return make_panel(view, plot, name, workloads, prefix=prefix, palette=palette)


def make_panel(
    view: Data,
    plot: Plot[Data],
    name: str,
    workloads: Sequence[str],
    *,
    prefix: str,
    palette: Palette,
    metric: str | None = None,
) -> Panel:
    """One plot, of its own metric or of another, with a drawing of each workload that it has."""
    table = plot.table(view, metric=metric)
    drawings = (
        Drawing(
            workload,
            inline_svg(
                partial(_draw, view, plot, workload, metric),
                prefix=f"{prefix}-{place}",
                title=f"{plot.title}, {workload}. The text and data below say the same.",
                palette=palette,
            ),
        )
        for place, workload in enumerate(workloads)
        if not plot.unavailable(view, workload, metric=metric)
    )
    return Panel(
        title=plot.title,
        drawings=tuple(drawings),
        words=tuple(plot.describe(view, metric=metric).splitlines()),
        data=data_grid(name, f"{plot.title}: data", table.header, table.rows),
    )


def _draw(view: Data, plot: Plot[Data], workload: str, metric: str | None, dark: bool) -> Figure:
    return plot.draw(view, workload, metric=metric, dark=dark)
