"""The loop: one trial after the other, each saved before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.errors import UntrustworthyError
from harness.model import Sample, Trial

LEAST_PATIENCE = 10
"""Trials in a row that may fail however few cells there are."""


class Observer(Protocol):
    """Who watches a run: the progress display."""

    def begin(self, trials: Sequence[Trial]) -> None:
        """The run begins with this schedule."""

    def trial_begins(self, trial: Trial) -> None:
        """A trial begins."""

    def pulse(self, backlog: int, lost: int) -> None:
        """The kernel's queue while a trial runs: its length, and records lost since boot."""

    def trial_ends(self, sample: Sample) -> None:
        """A trial was measured and saved."""

    def end(self) -> None:
        """The run is over, for whatever reason."""


def run_trials(
    trials: Sequence[Trial],
    measure: Callable[[Trial], Sample],
    save: Callable[[Sample], None],
    observer: Observer,
) -> None:
    """Run the schedule.

    Raises UntrustworthyError when so many trials failed in a row that it cannot be the cell.
    """
    observer.begin(trials)
    patience = max(LEAST_PATIENCE, 2 * len({trial.cell for trial in trials}))
    failed_in_a_row = 0
    try:
        for trial in trials:
            observer.trial_begins(trial)
            sample = measure(trial)
            save(sample)
            observer.trial_ends(sample)
            failed_in_a_row = 0 if sample.valid else failed_in_a_row + 1
            if failed_in_a_row >= patience:
                raise UntrustworthyError(
                    f"the last {failed_in_a_row} trials failed: {sample.invalid_reason}",
                    remedy="`auditbench doctor` may tell why; what was measured is kept",
                )
    finally:
        observer.end()
