"""What a counted run says: instructions per operation, by cell."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.stored.environment import StoredGuest

INSTRUCTIONS = "instructions_per_op"
"""The metric of a counted trial: all instructions, the kernel's too, from one call to the next."""


@dataclass(frozen=True, slots=True)
class CountedCell:
    """One workload in one scenario; all numbers are instructions per operation.

    `estimate` is the mean of the boots, `apart` how far they lie apart; `difference` is that to the
    reference scenario, None for itself and where it was not counted.
    """

    workload: str
    scenario: str
    estimate: float
    boots: tuple[float, ...]
    apart: float
    difference: float | None


@dataclass(frozen=True, slots=True)
class CountedResult:
    """A counted run. `floor` is the largest `apart`, None with one boot: nothing finer is known."""

    run: str
    plan: str
    reference: str | None
    guest: StoredGuest
    cells: tuple[CountedCell, ...]
    floor: float | None
    cautions: tuple[Caution, ...]
    complete: bool

    @property
    def trustworthy(self) -> bool:
        """Whether every planned trial was counted, so that the cells say what they seem to."""
        return (
            self.complete
            and bool(self.cells)
            and not any(caution.name == "invalid-trials" for caution in self.cautions)
        )
