"""Which cell a cell is compared with, and how large a difference matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.run import Cell

DEFAULT_MARGIN = 0.02
"""The relative difference that matters where a plan names none."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Which cell a cell is compared with: the same but for the scenario, or for the consumer."""

    scenario: str | None = None
    consumer: str | None = None

    def of(self, cell: Cell) -> Cell:
        """The reference cell of `cell`."""
        return Cell(cell.workload, self.scenario or cell.scenario, self.consumer or cell.consumer)


@dataclass(frozen=True, slots=True)
class Margins:
    """The relative difference that matters: in general, and for single metrics."""

    general: float = DEFAULT_MARGIN
    by_metric: Mapping[str, float] = field(default_factory=dict)

    def of(self, metric: str) -> float:
        """The margin of a metric."""
        return self.by_metric.get(metric, self.general)
