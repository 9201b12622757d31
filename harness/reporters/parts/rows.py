"""Finding one comparison among all of a result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.result import CellLedger, Comparison, Result
from harness.model.run import Cell


@dataclass(frozen=True, slots=True)
class Row:
    """All that is known of one cell: its comparisons by metric, and its ledger."""

    cell: Cell
    by_metric: dict[str, Comparison]
    ledger: CellLedger | None

    def estimate(self, metric: str) -> float | None:
        """The cell's value of a metric, None where it was not measured."""
        comparison = self.by_metric.get(metric)
        return None if comparison is None else comparison.estimate


def rows(result: Result) -> list[Row]:
    """One row per cell, in the order of the plan."""
    by_cell: dict[Cell, dict[str, Comparison]] = {}
    for comparison in result.comparisons:
        by_cell.setdefault(comparison.cell, {})[comparison.metric] = comparison
    ledgers = {ledger.cell: ledger for ledger in result.ledgers}
    compared = [Row(cell, metrics, ledgers.pop(cell, None)) for cell, metrics in by_cell.items()]
    # A consumer that listened beside another has a ledger, and nothing that could be compared.
    return compared + [Row(cell, {}, ledger) for cell, ledger in ledgers.items()]


def by_workload(all_rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows grouped by workload, order kept."""
    groups: dict[str, list[Row]] = {}
    for row in all_rows:
        groups.setdefault(row.cell.workload, []).append(row)
    return groups


def several_consumers(group: Iterable[Row]) -> bool:
    """Whether a scenario of a workload occurs with several consumers, so that their names are
    needed to tell rows apart.

    A state measured apart has no consumer of its own.
    """
    interleaved = [
        row for row in group if all(comparison.interleaved for comparison in row.by_metric.values())
    ]
    scenarios = {(row.cell.workload, row.cell.scenario) for row in interleaved}
    return len(scenarios) < len(interleaved)


def cell_label(cell: Cell, *, several: bool) -> str:
    """A cell within its workload: the scenario, with the consumer where there are `several`.

    A scenario that is called like its only consumer is named once.
    """
    if several and cell.scenario != cell.consumer:
        return f"{cell.scenario} {cell.consumer}"
    return cell.scenario
