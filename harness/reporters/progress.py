"""The progress of a run: a live line on a terminal, one line per block elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from harness.model import Cell, Sample, Trial
from harness.reporters.units import count, duration


def _cell(trial: Trial | Sample) -> str:
    cell = trial.cell
    return f"{cell.workload} × {cell.scenario}"


def _last(sample: Sample) -> str:
    if not sample.valid:
        return f"failed: {sample.invalid_reason}"
    return f"{_cell(sample)} {duration(sample.metrics.get('elapsed_ns_per_op'))}"


class LiveProgress:
    """For a terminal: bar, time left, current cell, the kernel's queue, the last result."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._now = self._last = self._queue = ""

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Nothing."""

    def begin(self, trials: int) -> None:
        """Show the bar."""
        self._progress.start()
        self._task = self._progress.add_task("starting", total=trials)

    def trial_begins(self, trial: Trial) -> None:
        """Name the current cell."""
        self._now, self._queue = _cell(trial), ""
        self._show()

    def pulse(self, backlog: int, lost: int) -> None:
        """Show the queue."""
        self._queue = f"  backlog {count(backlog)} lost {count(lost)}"
        self._show()

    def trial_ends(self, sample: Sample) -> None:
        """Advance, and keep the result in sight."""
        assert self._task is not None
        self._last = f"  last: {_last(sample)}"
        self._progress.advance(self._task)
        if not sample.valid:
            self._progress.console.print(_cell(sample), _last(sample), style="yellow", markup=False)

    def block_ends(self, trials: int) -> None:
        """Lengthen or shorten the bar."""
        assert self._task is not None
        self._progress.update(self._task, total=trials)

    def end(self) -> None:
        """Clear the line."""
        self._progress.stop()

    def _show(self) -> None:
        if self._task is not None:
            text = f"{self._now}{self._queue}{self._last}"
            self._progress.update(self._task, description=text)


class PlainProgress:
    """For a file or a pipe: one line per block, with the time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._done = 0
        self._start_s = 0.0
        self._last: Sample | None = None

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Nothing: the result says it."""

    def begin(self, trials: int) -> None:
        """Say how much there is to do."""
        self._start_s = time.monotonic()
        self._print(f"{trials} trials")

    def trial_begins(self, trial: Trial) -> None:
        """Nothing: one line per trial would be noise."""

    def pulse(self, backlog: int, lost: int) -> None:
        """Nothing: it would be noise."""

    def trial_ends(self, sample: Sample) -> None:
        """Print a line for each trial that failed."""
        self._done, self._last = self._done + 1, sample
        if not sample.valid:
            self._print(f"{_cell(sample)} {_last(sample)}")

    def block_ends(self, trials: int) -> None:
        """Print how far the run is, and how long it will go on."""
        assert self._last is not None
        left_s = (time.monotonic() - self._start_s) / self._done * (trials - self._done)
        self._print(
            f"block {self._last.block}: {self._done}/{trials} trials, "
            f"about {left_s:.0f} s left; last {_last(self._last)}"
        )

    def end(self) -> None:
        """Nothing to clear."""

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)
