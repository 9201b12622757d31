"""What the trials of every search have in common: they follow from those before.

A search stopped in the middle goes on, because its trials follow from the samples alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.model.run import Cell, Sample, Scenario, Trial
from harness.run.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Wanted:
    """A trial that is wanted next: a scenario with its operations, received by this consumer."""

    scenario: Scenario
    ops: int
    consumer: str


class SearchBlocks(ABC):
    """The blocks of a search: iterate over it, and `take` the samples."""

    trial_s = 1.5
    """About how long the load of a trial takes, in the mean."""

    def __init__(
        self,
        plan: Plan,
        workload: str,
        *,
        on_more: Callable[[], None] = lambda: None,
        on_cells: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        self.plan = plan
        """It has what was tried so far."""
        self._workload = workload
        self._on_more, self._on_cells = on_more, on_cells
        self._samples: list[Sample] = []
        self._blocks = self._trials = 0
        self._over = False

    @property
    @abstractmethod
    def _trials_usual(self) -> int:
        """About how many trials there are."""

    @abstractmethod
    def _search(self) -> Iterator[list[Wanted]]:
        """What is wanted, until the answer is known, or that there is none."""

    @property
    def trials_expected(self) -> int:
        """The probable number of trials."""
        return self._trials if self._over else max(self._trials_usual, self._trials + 1)

    def take(self, sample: Sample) -> None:
        """Take a sample that was measured and saved."""
        self._samples.append(sample)

    def course(self) -> dict[str, Any]:
        """What became of the plan: one trial more than there are, until it is over."""
        return {"blocks": max(self._blocks - 1, 1), "trials": self._trials + (not self._over)}

    def words(self) -> str:
        """How it ended, in words: the answer says it."""
        return ""

    def __iter__(self) -> Iterator[list[Trial]]:
        """The blocks."""
        for wanted in self._search():
            yield self.block(wanted)
        self._over = True

    def block(self, wanted: list[Wanted]) -> list[Trial]:
        """The trials of what is wanted, which follow those before."""
        self._know(wanted)
        trials = [
            Trial(
                index=self._trials + position,
                cell=Cell(self._workload, each.scenario.name, each.consumer),
                # One for each: reports count a cell once in a block. The first are its warm-up.
                block=self._blocks + (position if self._blocks else 0),
                position=position,
                seed=self.plan.seed,
                ops=each.ops,
            )
            for position, each in enumerate(wanted)
        ]
        self._blocks += len(trials) if self._blocks else 1
        self._trials += len(trials)
        self._on_more()
        return trials

    def _know(self, wanted: list[Wanted]) -> None:
        """Add scenarios to the plan that it does not have yet."""
        known = self.plan.scenarios[self._workload]
        by_name = {each.name: each for each in (*known, *(w.scenario for w in wanted))}
        if len(by_name) > len(known):
            scenarios = {self._workload: tuple(by_name.values())}
            self.plan = replace(self.plan, scenarios=scenarios)
            self._on_cells(self.plan)
