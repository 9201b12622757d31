"""What the names in a table mean, for the place where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.model.result import Result
from harness.model.run import AA, Cell
from harness.model.stored.scenario import StoredScenario
from harness.model.worker_counts import without_workers
from harness.reporters.page import Legend
from harness.reporters.words import CONSUMERS, SCENARIOS

NO_RATE_LIMIT = ("rate_limit", 0)


class Meanings:
    """Legends for a result, each name in the first one only.

    Of a scenario the plan has the words, of a consumer the catalog, or its program is named;
    consumers only where there are several.
    """

    def __init__(self, result: Result) -> None:
        self._result = result
        self._several = len({c.cell.consumer for c in result.comparisons}) > 1
        self._said: set[str] = set()

    def of(
        self, cells: Iterable[Cell], *, scenarios: bool = True, consumers: bool = True
    ) -> Legend:
        """The names of these cells that were not explained before; it may be empty."""
        cells = list(cells)
        found: dict[str, str] = {}
        if scenarios:
            found |= dict(self._scenarios(cells))
        if consumers and self._several:
            found |= dict(self._consumers(cells))
        fresh = {name: words for name, words in found.items() if name not in self._said and words}
        self._said |= fresh.keys()
        return Legend(tuple(fresh.items()))

    def _scenarios(self, cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
        for cell in cells:
            stored = self._result.plan.scenario(cell.workload, cell.scenario)
            words = self._words(cell.workload, stored) if stored is not None else ""
            name = without_workers(cell.scenario)
            if name.endswith(AA):
                words = words or f"{name.removesuffix(AA)} a second time (A/A)"
            yield name, SCENARIOS.get(name, words).rstrip(".")

    def _words(self, workload: str, stored: StoredScenario) -> str:
        """Its summary; where others have the same one, the limits by which it differs from them."""
        alike = [
            other.limits_set()
            for other in self._result.plan.of_workload(workload)
            if other.summary == stored.summary
        ]
        differing = [
            _limit(name, value)
            for name, value in stored.limits_set().items()
            if any(other.get(name) != value for other in alike) and (name, value) != NO_RATE_LIMIT
        ]
        return ", ".join(differing) or stored.summary

    def _consumers(self, cells: Iterable[Cell]) -> Iterator[tuple[str, str]]:
        for cell in cells:
            yield cell.consumer, CONSUMERS.get(cell.consumer) or self._program(cell.consumer)

    def _program(self, name: str) -> str:
        """Of a consumer that no catalog has, its program; empty for one that is not known."""
        found = self._result.host.consumers.get(name)
        return f"{found.path} ({found.version})" if found is not None else ""


def _limit(name: str, value: Any) -> str:
    if value is True:
        return name
    return f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
