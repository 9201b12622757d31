"""The plots of the page: each drawn once per workload, with its words and its data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from markupsafe import Markup

from harness.model.result import ReportView
from harness.reporters.html.data import data_grid
from harness.reporters.html.svg import Palette, inline_svg
from harness.reporters.page import Grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALL = 1.5
_BOX = re.compile(r'viewBox="\S+ \S+ (\S+) (\S+)"')


class TableLike(Protocol):
    """The data behind a plot."""

    @property
    def header(self) -> Sequence[str]:
        """The columns."""

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """The text under the drawings."""


class PlotLike(Protocol):
    """The interface that the page needs; plots of `harness.reporters.plots` provide it."""

    @property
    def title(self) -> str:
        """What it shows."""

    def draw(self, view: ReportView, *, workload: str | None = None, dark: bool = False) -> Figure:
        """One workload of the view, or all of it."""

    def table(self, view: ReportView) -> TableLike:
        """What is drawn, as data."""

    def describe(self, view: ReportView) -> str:
        """What is drawn, in words."""

    def unavailable(self, view: ReportView) -> str | None:
        """Why there is nothing to draw, or None."""


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
    view: ReportView, plots: Mapping[str, PlotLike], *, prefix: str, palette: Palette
) -> dict[str, Panel]:
    """Every plot of a run by its name. Ids in the drawings begin with `prefix`."""
    return {
        name: _panel(view, plot, name, f"{prefix}-{name}", palette) for name, plot in plots.items()
    }


def _panel(view: ReportView, plot: PlotLike, name: str, prefix: str, palette: Palette) -> Panel:
    if reason := plot.unavailable(view):
        return Panel(plot.title, missing=reason)
    table = plot.table(view)
    return Panel(
        title=plot.title,
        drawings=_drawings(view, plot, prefix, palette),
        words=tuple(plot.describe(view).splitlines()),
        data=data_grid(name, f"{plot.title}: data", table.header, table.rows),
    )


def _drawings(
    view: ReportView, plot: PlotLike, prefix: str, palette: Palette
) -> tuple[Drawing, ...]:
    workloads = dict.fromkeys(sample.workload for sample in view.samples)
    return tuple(
        Drawing(
            workload,
            inline_svg(
                partial(_draw, view, plot, workload),
                prefix=f"{prefix}-{place}",
                title=f"{plot.title}, {workload}. The text and data below say the same.",
                palette=palette,
            ),
        )
        for place, workload in enumerate(workloads)
        if not plot.unavailable(_only(view, workload))
    )


def _draw(view: ReportView, plot: PlotLike, workload: str, dark: bool) -> Figure:
    return plot.draw(view, workload=workload, dark=dark)


def _only(view: ReportView, workload: str) -> ReportView:
    """The view of one workload."""
    result = view.result
    kept = replace(
        result,
        comparisons=tuple(c for c in result.comparisons if c.cell.workload == workload),
        ledgers=tuple(entry for entry in result.ledgers if entry.cell.workload == workload),
        losses=tuple(loss for loss in result.losses if loss.cell.workload == workload),
        scaling=tuple(point for point in result.scaling if point.cell.workload == workload),
        noise_floor=tuple(f for f in result.noise_floor if f.workload == workload),
    )
    return ReportView(kept, tuple(s for s in view.samples if s.workload == workload))
