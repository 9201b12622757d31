"""The loop: one trial after the other, each saved before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from harness.counted import counted
from harness.errors import UntrustworthyError
from harness.model.run import Cell, Sample, Trial

MIN_PATIENCE = 10
"""The least number of trials in a row that may fail, however few cells there are."""


class Observer(Protocol):
    """An observer of a run, such as the progress display."""

    def is_for(self, purpose: str, margin: float) -> None:
        """Called first: what the run is for, in words, and the relative difference that matters."""

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Called before the run begins, with what it measures, and again where cells are added; a
        cell may be its own reference.
        """

    def begin(self, trials: int) -> None:
        """The run begins and will probably have this many trials."""

    def trial_begins(self, trial: Trial) -> None:
        """A trial begins."""

    def pulse(self, backlog: int, lost: int) -> None:
        """The kernel's queue while a trial runs: its length, and records lost since boot."""

    def trial_ends(self, sample: Sample) -> None:
        """A trial was measured and saved."""

    def block_ends(self, trials: int) -> None:
        """A block was measured; the run will probably have this many trials."""

    def end(self) -> None:
        """The run is over, for whatever reason."""


class Silence:
    """An observer that does nothing."""

    def is_for(self, purpose: str, margin: float) -> None: ...

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Do nothing, like the others."""

    def begin(self, trials: int) -> None: ...

    def trial_begins(self, trial: Trial) -> None: ...

    def pulse(self, backlog: int, lost: int) -> None: ...

    def trial_ends(self, sample: Sample) -> None: ...

    def block_ends(self, trials: int) -> None: ...

    def end(self) -> None: ...


class Blocks(Protocol):
    """The source of the trials: block by block, as their number is not always known."""

    @property
    def trials_expected(self) -> int:
        """The probable number of trials."""
        ...

    def take(self, sample: Sample) -> None:
        """A trial was measured and saved."""

    def __iter__(self) -> Iterator[Sequence[Trial]]: ...


def run_trials(
    blocks: Blocks,
    measure: Callable[[Trial], Sample],
    save: Callable[[Sample], None],
    observer: Observer,
    retries: int = 0,
) -> None:
    """Run block after block; a disturbed trial is repeated at once, up to `retries` times.

    Raises UntrustworthyError if so many trials failed in a row that no single cell is the cause.
    """
    observer.begin(blocks.trials_expected)
    failed_in_a_row = measured = 0
    try:
        for block in blocks:
            if measured:
                observer.block_ends(blocks.trials_expected)
            measured += 1
            for trial in block:
                observer.trial_begins(trial)
                sample = _measured(trial, measure, save, retries)
                blocks.take(sample)
                observer.trial_ends(sample)
                failed_in_a_row = 0 if sample.valid else failed_in_a_row + 1
                if failed_in_a_row >= max(MIN_PATIENCE, 2 * len(block)):
                    raise UntrustworthyError(
                        f"the last {counted(failed_in_a_row, 'trial')} failed: "
                        f"{sample.invalid_reason}",
                        remedy="`auditbench doctor` may show why; what was measured is kept",
                    )
        # A run that is resumed for its profile only has no block to measure.
        if measured:
            observer.block_ends(blocks.trials_expected)
    finally:
        observer.end()


def _measured(
    trial: Trial, measure: Callable[[Trial], Sample], save: Callable[[Sample], None], retries: int
) -> Sample:
    """The sample of a trial that counts; disturbed ones before it are saved as well.

    If a trial may be repeated, the last one counts, so that no block lacks a cell.
    """
    sample = measure(trial)
    for _ in range(retries):
        if not sample.disturbed:
            break
        save(sample)
        sample = measure(trial)
    if retries and sample.disturbed:
        sample = replace(sample, valid=True, invalid_reason="")
    save(sample)
    return sample
