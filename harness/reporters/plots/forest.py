"""Ratio to the reference with its interval, beside the margin and the noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.model.result import Comparison, ReportView
from harness.model.run import Cell
from harness.plain import plain
from harness.reporters.parts.rows import Row
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import (
    compared,
    groups,
    is_aa,
    labels,
    reference_label,
)
from harness.reporters.plots.ratios import Ratio, RatioPanel, ratio_figure
from harness.reporters.plots.style import Ink
from harness.reporters.units import interval, ratio, share
from harness.reporters.words import VERDICTS, metric_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _metric(view: ReportView, choice: Choice) -> str:
    return choice.metric or view.result.primary


def _panels(view: ReportView, choice: Choice) -> dict[str, tuple[list[Row], list[Comparison]]]:
    """By workload: all its cells, and those that are compared."""
    metric = _metric(view, choice)
    found = {
        workload: (group, compared(group, metric))
        for workload, group in groups(view, choice).items()
    }
    return {workload: panel for workload, panel in found.items() if panel[1]}


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    if _panels(view, choice):
        return None
    return f"no cell has a ratio to a reference in {metric_title(_metric(view, choice))}"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per compared cell."""
    rows = []
    for _, comparisons in _panels(view, choice).values():
        for c in comparisons:
            name = (c.cell.workload, c.cell.scenario, c.cell.consumer)
            numbers = (c.estimate, c.reference, c.ratio, c.ci_low, c.ci_high)
            rows.append((*name, c.metric, *numbers, c.blocks, c.margin, c.verdict))
    header = ("workload", "scenario", "consumer", "metric", "estimate", "reference", "ratio")
    return Table((*header, "ci_low", "ci_high", "blocks", "margin", "verdict"), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """Each ratio with its interval and verdict, and the noise floor."""
    metric = _metric(view, choice)
    lines = [f"Ratio to the reference in {metric_title(metric)}, with 95 % intervals."]
    for workload, (group, comparisons) in _panels(view, choice).items():
        names = labels(group)
        parts = "; ".join(
            f"{plain(names[c.cell])}{' (A/A, the noise floor)' if is_aa(c.cell) else ''} "
            f"{ratio(c.ratio)} ({interval(c.ci_low, c.ci_high)}), {VERDICTS[c.verdict].word}"
            for c in comparisons
        )
        against = reference_label(group, metric)
        to = f" against {against}" if against else ""
        alone = ", ".join(plain(names[cell]) for cell in _alone(group, metric))
        parts += f"; without a reference of their own: {alone}" if alone else ""
        lines.append(f"{plain(workload)}{to}, margin {share(comparisons[0].margin)}: {parts}.")
    return "\n".join(lines)


def _alone(group: Sequence[Row], metric: str) -> list[Cell]:
    """Measured, but with nothing to be compared with."""
    return [
        row.cell
        for row in group
        if metric in row.by_metric and row.by_metric[metric].verdict == "no-reference"
    ]


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, the cells from top to bottom."""
    metric = _metric(view, choice)
    panels = [
        _ratio_panel(workload, metric, group, comparisons)
        for workload, (group, comparisons) in _panels(view, choice).items()
    ]
    return ratio_figure(panels, colours)


def _ratio_panel(
    workload: str, metric: str, group: Sequence[Row], comparisons: Sequence[Comparison]
) -> RatioPanel:
    against, names = reference_label(group, metric), labels(group)
    to = f", 1 is {against}" if against else ""
    ratios = tuple(Ratio(names[c.cell], c, is_floor=is_aa(c.cell)) for c in comparisons)
    return RatioPanel(workload, f"ratio of {metric_title(metric)}{to}", ratios)


FOREST: Plot[ReportView] = Plot(
    "forest",
    "Ratio to the reference",
    picture,
    data,
    words,
    missing,
    takes_metric=True,
)
