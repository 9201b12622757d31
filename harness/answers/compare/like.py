"""The last run like another one, to be named where two runs are not alike."""

from __future__ import annotations

from pathlib import Path

from harness.analysis.between_runs import CellPair
from harness.answers.compare.comparability import find_differences
from harness.errors import UsageError
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun, latest_name, load_documents, measured_runs

MOST_READ = 200
"""Runs that are looked at, the newest first."""


def last_like(
    stored: StoredRun, results: Path, *, allowed: frozenset[str], others: frozenset[Path]
) -> str | None:
    """The newest run before a measured one that could be compared with it, as `latest~3`.

    `others` are folders that are not meant. None where there is no such run, or where the run is
    not of these results. Runs that cannot be read are passed over.
    """
    runs = measured_runs(results)[::-1]
    places = [folder.resolve() for folder in runs]
    here = stored.folder.resolve()
    if here not in places:
        return None
    first = places.index(here) + 1
    for back, folder in enumerate(runs[first : first + MOST_READ], start=first):
        if places[back] not in others and _is_like(folder, stored, allowed):
            return latest_name(back)
    return None


def _is_like(folder: Path, stored: StoredRun, allowed: frozenset[str]) -> bool:
    try:
        old = load_documents(folder)
    except UsageError:
        return False
    pairs = [CellPair(cell, cell) for cell in _cells(stored.plan)]
    found = find_differences(old, stored, pairs, chosen=False)
    return all(difference.name in allowed for difference in found)


def _cells(plan: StoredPlan) -> list[Cell]:
    """A cell per workload and scenario: rules and limits do not depend on the consumer."""
    return [
        Cell(workload, scenario.name, "")
        for workload, scenarios in plan.scenarios.items()
        for scenario in scenarios
    ]
