"""What several kinds of plot need of a view: its workloads, its cells, their trials and names."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from harness.model.result import Comparison, ReportView
from harness.model.run import AA, Cell, Sample
from harness.plain import plain
from harness.reporters.parts.rows import Row, by_workload, cell_label, rows, several_consumers
from harness.reporters.plots.base import Choice


def groups(view: ReportView, choice: Choice) -> dict[str, list[Row]]:
    """The cells by workload, in the order of the plan."""
    found = by_workload(rows(view.result))
    return {
        workload: group for workload, group in found.items() if choice.workload in (None, workload)
    }


def labels(group: Iterable[Row]) -> dict[Cell, str]:
    """What each cell of a workload is called: the scenario, with the consumer where it matters."""
    group = list(group)
    several = several_consumers(group)
    return {row.cell: cell_label(row.cell, several=several) for row in group}


def used(samples: Iterable[Sample]) -> dict[Cell, list[Sample]]:
    """The trials that count, by cell: neither warm-up nor invalid."""
    found: dict[Cell, list[Sample]] = {}
    for sample in samples:
        if sample.valid and not sample.warm_up:
            found.setdefault(sample.cell, []).append(sample)
    return found


def mean(samples: Iterable[Sample], metric: str) -> float | None:
    """The arithmetic mean, so that parts add up; None where no trial has the metric."""
    values = [sample.metrics[metric] for sample in samples if metric in sample.metrics]
    return statistics.fmean(values) if values else None


def is_aa(cell: Cell) -> bool:
    """Whether it is the reference measured a second time."""
    return cell.scenario.endswith(AA)


def reference_label(group: Iterable[Row], metric: str) -> str:
    """What the others of a workload are compared with; empty where there is none."""
    names = labels(group := list(group))
    found = [
        names[row.cell]
        for row in group
        if metric in row.by_metric and row.by_metric[metric].verdict == "reference"
    ]
    return plain(found[0]) if len(found) == 1 else ""


def compared(group: Iterable[Row], metric: str) -> list[Comparison]:
    """What has a ratio to the reference, the reference itself left out."""
    found = (row.by_metric.get(metric) for row in group)
    return [
        comparison
        for comparison in found
        if comparison is not None
        and comparison.verdict not in ("reference", "no-reference")
        and comparison.ratio is not None
    ]
