"""The plots of a comparison of runs."""

from __future__ import annotations

from harness.model.compare import ChangeReport, RunChanges
from harness.reporters.compare import picture_name
from harness.reporters.html.figures import Panel, make_panel
from harness.reporters.html.svg import Palette
from harness.reporters.plots.compare import CHANGES


def change_panels(report: ChangeReport, palette: Palette) -> dict[str, Panel]:
    """The plot of each pair in which any ratio of the primary metric was judged, by its name."""
    return {
        picture_name(place): _panel(pair, report.primary, place, palette)
        for place, pair in enumerate(report.pairs)
        if not CHANGES.unavailable(pair, metric=report.primary)
    }


def _panel(pair: RunChanges, metric: str, place: int, palette: Palette) -> Panel:
    workloads = list(dict.fromkeys(change.comparison.cell.workload for change in pair.changes))
    name = picture_name(place)
    return make_panel(
        pair, CHANGES, name, workloads, prefix=f"c{place}", palette=palette, metric=metric
    )
