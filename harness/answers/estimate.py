"""How long trials took on this machine before: from stored runs with the same load."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

from harness.errors import UsageError
from harness.model.run import Cell, Sample
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun, load_documents, load_run, measured_runs

MOST_RUNS = 3
"""Stored runs that are read for it, the newest of those with a load in common."""
MOST_LOOKED_AT = 100
_OUTLIER = 5.0
"""A trial that took so many times the median was held up: the machine slept, or was stopped."""


@dataclass(frozen=True, slots=True)
class LoadLike:
    """The load of a run: only trials with the same one say how long its trials take."""

    ops: Mapping[str, int]
    """By workload."""
    workers: int
    rate_per_s: float | None
    command: tuple[str, ...]

    def shared(self, plan: StoredPlan) -> frozenset[str]:
        """The workloads that a stored run had with the same load."""
        same = (plan.workers, plan.rate_per_s, plan.command)
        if same != (self.workers, self.rate_per_s, self.command):
            return frozenset()
        return frozenset(name for name, ops in self.ops.items() if plan.ops.get(name) == ops)


@dataclass(slots=True)
class TimesTaken:
    """The mean time of a trial in seconds, by cell; and by workload, for cells that are new."""

    by_cell: dict[Cell, float] = field(default_factory=dict)
    by_workload: dict[str, float] = field(default_factory=dict)
    runs: int = 0


def times_taken(results: Path, machine: str, load: LoadLike) -> TimesTaken:
    """From the newest runs of this machine with the same load; damaged ones are passed over."""
    found: defaultdict[Cell, list[float]] = defaultdict(list)
    runs = 0
    for stored, workloads in _runs_like(results, machine, load):
        runs += 1
        for cell, seconds in _times(stored):
            if cell.workload in workloads:
                found[cell].append(seconds)
        if runs == MOST_RUNS:
            break
    by_workload: defaultdict[str, list[float]] = defaultdict(list)
    for cell, times in found.items():
        by_workload[cell.workload] += times
    return TimesTaken(
        {cell: _mean(times) for cell, times in found.items()},
        {workload: _mean(times) for workload, times in by_workload.items()},
        runs,
    )


def _runs_like(
    results: Path, machine: str, load: LoadLike
) -> Iterator[tuple[StoredRun, Collection[str]]]:
    here = [folder for folder in measured_runs(results) if folder.parent.name == machine]
    for folder in here[: -MOST_LOOKED_AT - 1 : -1]:
        try:
            workloads = load.shared(load_documents(folder).plan)
            if workloads:
                yield load_run(folder), workloads
        except UsageError:
            continue


def _times(stored: StoredRun) -> Iterator[tuple[Cell, float]]:
    """The time from the start of each trial to that of the next, in seconds.

    What is between trials is in it, and repetitions of a disturbed one.
    """
    samples = [s for s in stored.samples if not s.ladder]
    first = {sample.index: sample for sample in reversed(samples)}
    ordered = [first[index] for index in sorted(first)]
    for sample, after in pairwise(ordered):
        start, end = _moment(sample), _moment(after)
        if start is not None and end is not None and end > start:
            yield sample.cell, end - start


def _moment(sample: Sample) -> float | None:
    try:
        return datetime.fromisoformat(sample.started_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _mean(seconds: list[float]) -> float:
    """The mean without what was held up."""
    most = _OUTLIER * median(seconds)
    return fmean(min(each, most) for each in seconds)
