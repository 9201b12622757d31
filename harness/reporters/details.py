"""`show --details`: every metric with both intervals, p and q; a table per workload and metric."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.result import Comparison, Result
from harness.reporters.loss import loss_lines
from harness.reporters.rows import Row, by_workload, rows, several_consumers
from harness.reporters.terminal import (
    heading,
    inconclusive_cells,
    row_name,
    table_of,
    verdict_text,
)
from harness.reporters.units import NOTHING, probability, ratio

LEGEND = (
    "ratio, 95 %: by signed ranks (below six blocks mean and Student's t). q: p after false "
    "discovery control over this run; outside the primary metric worse and better need q ≤ 0.05."
)


def render_details(result: Result, console: Console) -> None:
    """Print all comparisons of a result."""
    console.print(Group(*_parts(result)))


def _parts(result: Result) -> Iterator[RenderableType]:
    metrics = dict.fromkeys(comparison.metric for comparison in result.comparisons)
    for workload, group in by_workload(rows(result)).items():
        yield heading(result, workload, group)
        for metric in metrics:
            table = _metric_table(group, metric)
            if table.row_count:
                yield Text(metric, style="bold")
                yield table
                yield from inconclusive_cells(group, metric)
                yield Text()
        yield from (Text(words) for words in loss_lines(result, group))
    yield Text(LEGEND, style="dim")


def _metric_table(group: list[Row], metric: str) -> Table:
    """The cells that are compared in one metric, the reference left out."""
    several = several_consumers(group)
    compared = [
        (row, comparison)
        for row in group
        if (comparison := row.by_metric.get(metric)) is not None
        and comparison.verdict not in ("reference", "no-reference")
    ]
    bootstrapped = any(comparison.bca_low is not None for _, comparison in compared)
    beside = "BCa" if bootstrapped else "Student's t"
    table = table_of("", "ratio", "95 %", beside, "p", "q", "verdict")
    table.padding = (0, 1, 0, 0)
    for row, comparison in compared:
        table.add_row(
            row_name(row, several=several),
            ratio(comparison.ratio),
            _between(comparison.ci_low, comparison.ci_high),
            _beside(comparison, bootstrapped=bootstrapped),
            probability(comparison.p),
            probability(comparison.q),
            verdict_text(comparison.verdict),
        )
    return table


def _beside(comparison: Comparison, *, bootstrapped: bool) -> str:
    if bootstrapped:
        return _between(comparison.bca_low, comparison.bca_high)
    return _between(comparison.t_low, comparison.t_high)


def _between(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{ratio(low)}–{ratio(high)}"
