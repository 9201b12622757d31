"""The progress of a run where there is no terminal to draw on: one line per block."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.console import Console

from harness.counted import counted
from harness.model.run import Cell, Sample, Trial
from harness.plain import plain
from harness.reporters.units import duration


def cell_name(trial: Trial | Sample) -> str:
    """Workload and scenario, fit for a terminal."""
    cell = trial.cell
    return plain(f"{cell.workload} × {cell.scenario}")


def outcome(sample: Sample) -> str:
    """What came out of a trial, in a word or two, fit for a terminal."""
    if not sample.valid:
        return plain(f"failed: {sample.invalid_reason}")
    return duration(sample.metrics.get("elapsed_ns_per_op"))


class PlainProgress:
    """For a file or a pipe: one line per block, with the time left; one per trial on request."""

    def __init__(self, console: Console, *, every_trial: bool = False) -> None:
        self._console = console
        self._every_trial = every_trial
        self._done = 0
        self._start_s = 0.0
        self._last: Sample | None = None

    def is_for(self, purpose: str, margin: float) -> None:
        """Nothing: the caller knows the command."""

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Nothing: the result says it."""

    def begin(self, trials: int) -> None:
        """Say how much there is to do."""
        self._start_s = time.monotonic()
        self._print(counted(trials, "trial"))

    def trial_begins(self, trial: Trial) -> None:
        """Nothing: one line per trial would be noise."""

    def pulse(self, backlog: int, lost: int) -> None:
        """Nothing: it would be noise."""

    def trial_ends(self, sample: Sample) -> None:
        """Print a line for each trial that failed, or for every trial."""
        self._done, self._last = self._done + 1, sample
        if self._every_trial or not sample.valid:
            self._print(f"{cell_name(sample)} {outcome(sample)}")

    def block_ends(self, trials: int) -> None:
        """Print how far the run is, and how long it will go on."""
        assert self._last is not None
        left_s = (time.monotonic() - self._start_s) / self._done * (trials - self._done)
        block = f"block {self._last.block}" if self._last.block else "warm-up"
        self._print(
            f"{block}: {self._done}/{counted(trials, 'trial')}, "
            f"about {left_s:.0f} s left; last {cell_name(self._last)} {outcome(self._last)}"
        )

    def end(self) -> None:
        """Nothing to clear."""

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
