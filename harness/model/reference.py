"""Which cell a cell is compared with, and how large a difference matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from harness.model.run import Cell
from harness.model.worker_counts import with_workers

DEFAULT_MARGIN = 0.02
"""The relative difference that matters where a plan names none."""


class PlannedScenario(Protocol):
    """A scenario, planned or stored."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def workers(self) -> int | None:
        """Its number of workers; None for that of its plan."""

    @property
    def reference(self) -> str:
        """What it is compared with; empty for the reference of its plan."""


Scenario = TypeVar("Scenario", bound=PlannedScenario)


def every_scenario(by_workload: Mapping[str, Sequence[Scenario]]) -> Iterator[Scenario]:
    """The scenarios of all workloads of a plan."""
    return (scenario for group in by_workload.values() for scenario in group)


def own_references(scenarios: Iterable[PlannedScenario]) -> dict[str, str]:
    """What each scenario is compared with that has a reference of its own, by name."""
    return {each.name: each.reference for each in scenarios if each.reference}


@dataclass(frozen=True, slots=True)
class Reference:
    """Which cell a cell is compared with: the same but for the scenario, or for the consumer."""

    scenario: str | None = None
    consumer: str | None = None
    by_scenario: Mapping[str, str] = field(default_factory=dict)
    """The reference of single scenarios, such as the one with the same number of workers."""

    @property
    def scenarios(self) -> frozenset[str]:
        """Every scenario that is a reference of some cell."""
        return frozenset(filter(None, (self.scenario, *self.by_scenario.values())))

    def of(self, cell: Cell) -> Cell:
        """The reference cell of `cell`."""
        scenario = self.by_scenario.get(cell.scenario) or self.scenario or cell.scenario
        return Cell(cell.workload, scenario, self.consumer or cell.consumer)

    def instead(self, name: str, scenarios: Iterable[PlannedScenario]) -> Reference:
        """The same with the scenario `name` as the reference: for each scenario with a number of
        workers the one of that name with as many, if there is one.
        """
        workers = {each.name: each.workers for each in scenarios}
        with_as_many = {
            each: with_workers(name, number)
            for each, number in workers.items()
            if number is not None and with_workers(name, number) in workers
        }
        return Reference(name, self.consumer, with_as_many)


@dataclass(frozen=True, slots=True)
class Margins:
    """The relative difference that matters: in general, and for single metrics."""

    general: float = DEFAULT_MARGIN
    by_metric: Mapping[str, float] = field(default_factory=dict)

    def of(self, metric: str) -> float:
        """The margin of a metric."""
        return self.by_metric.get(metric, self.general)
