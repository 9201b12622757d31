"""One run against another: the ratio of every cell, beside margin and noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.model.compare import Change, RunChanges
from harness.plain import plain
from harness.reporters.compare import row_name, several_consumers
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import is_aa
from harness.reporters.plots.ratios import Ratio, RatioPanel, ratio_figure
from harness.reporters.plots.style import Ink
from harness.reporters.units import interval, ratio
from harness.reporters.words import JUDGED, VERDICTS, metric_title

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _groups(pair: RunChanges, choice: Choice) -> dict[tuple[str, str], list[Change]]:
    """By workload and metric, what was judged."""
    found: dict[tuple[str, str], list[Change]] = {}
    for change in pair.changes:
        compared = change.comparison
        if (
            compared.verdict in (*JUDGED, "lost")
            and compared.ratio is not None
            and choice.workload in (None, compared.cell.workload)
            and choice.metric in (None, compared.metric)
        ):
            found.setdefault((compared.cell.workload, compared.metric), []).append(change)
    return found


def _names(group: Sequence[Change]) -> list[str]:
    """The scenarios; with the consumers where these are not the same two in every row."""
    consumers = {(change.base_consumer, change.comparison.cell.consumer) for change in group}
    if len(consumers) == 1:
        group = [replace(change, base_consumer=change.comparison.cell.consumer) for change in group]
    several = several_consumers(group)
    return [plain(row_name(change, several=several)) for change in group]


def missing(pair: RunChanges, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _groups(pair, choice) else "no cell has a ratio"


def data(pair: RunChanges, choice: Choice) -> Table:
    """One row per cell and metric."""
    header = ("workload", "base_scenario", "scenario", "base_consumer", "consumer", "metric")
    rows = [
        (
            workload,
            change.base_scenario,
            change.comparison.cell.scenario,
            change.base_consumer,
            change.comparison.cell.consumer,
            metric,
            change.comparison.ratio,
            change.comparison.ci_low,
            change.comparison.ci_high,
            change.comparison.verdict,
        )
        for (workload, metric), group in _groups(pair, choice).items()
        for change in group
    ]
    return Table((*header, "ratio", "ci_low", "ci_high", "verdict"), tuple(rows))


def words(pair: RunChanges, choice: Choice) -> str:
    """Each ratio with its interval and verdict."""
    lines = [plain(f"{pair.head} against {pair.base}, with 95 % intervals.")]
    for (workload, metric), group in _groups(pair, choice).items():
        parts = "; ".join(
            f"{name} {ratio(change.comparison.ratio)} "
            f"({interval(change.comparison.ci_low, change.comparison.ci_high)}), "
            f"{VERDICTS[change.comparison.verdict].word}"
            for name, change in zip(_names(group), group, strict=True)
        )
        lines.append(f"{plain(workload)}, {metric_title(metric)}: {parts}.")
    return "\n".join(lines)


def picture(pair: RunChanges, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload and metric."""
    panels = [
        RatioPanel(
            workload,
            f"{metric_title(metric)}, 1 is as in the first",
            tuple(
                Ratio(name, change.comparison, is_floor=is_aa(change.comparison.cell))
                for name, change in zip(_names(group), group, strict=True)
            ),
        )
        for (workload, metric), group in _groups(pair, choice).items()
    ]
    return ratio_figure(panels, colours)


CHANGES: Plot[RunChanges] = Plot(
    "changes", "Ratio to the first run", picture, data, words, missing, takes_metric=True
)
