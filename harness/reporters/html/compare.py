"""The plots of a comparison of runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harness.model.compare import ChangeReport, RunChanges
from harness.reporters.compare import picture_name
from harness.reporters.html.data import data_grid
from harness.reporters.html.figures import Drawing, Panel
from harness.reporters.html.svg import Palette, inline_svg
from harness.reporters.plots.compare import CHANGES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def change_panels(report: ChangeReport, palette: Palette) -> dict[str, Panel]:
    """The plot of each pair in which any ratio of the primary metric was judged, by its name."""
    return {
        picture_name(place): _panel(pair, report.primary, place, palette)
        for place, pair in enumerate(report.pairs)
        if not CHANGES.unavailable(pair, metric=report.primary)
    }


def _panel(pair: RunChanges, metric: str, place: int, palette: Palette) -> Panel:
    table = CHANGES.table(pair, metric=metric)
    workloads = dict.fromkeys(str(row[0]) for row in table.rows)
    drawings = tuple(
        Drawing(
            workload,
            inline_svg(
                partial(_draw, pair, metric, workload),
                prefix=f"c{place}-{index}",
                title=f"{CHANGES.title}, {workload}. The text and data below say the same.",
                palette=palette,
            ),
        )
        for index, workload in enumerate(workloads)
    )
    words = tuple(CHANGES.describe(pair, metric=metric).splitlines())
    caption = f"{CHANGES.title}: data"
    grid = data_grid(picture_name(place), caption, table.header, table.rows)
    return Panel(CHANGES.title, drawings, words, grid)


def _draw(pair: RunChanges, metric: str, workload: str, dark: bool) -> Figure:
    return CHANGES.draw(pair, workload, metric=metric, dark=dark)
