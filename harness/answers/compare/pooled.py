"""Several runs of one side as one run, in which each of them is a block.

How the blocks of a run differ says nothing of how boots differ: the layout of memory is drawn anew
in each. So a run becomes one value per cell and metric, the geometric mean over its blocks, and the
interval of a comparison is that of the runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from harness.analysis.between_runs import CellPair
from harness.analysis.ratio import geometric_mean
from harness.answers.compare.comparability import find_differences, require_alike
from harness.counted import counted
from harness.errors import UsageError
from harness.model.caution import Caution
from harness.model.run import Cell, Ledger, Sample
from harness.store import StoredRun

MIN_RUNS = 2
_NOT_KNOWN = Ledger(generated=None, complete=None, partial=None, lost=None)


def pooled(runs: Sequence[StoredRun], allowed: Collection[str] = ()) -> StoredRun:
    """The runs of one side as one; plan, environment and folder are those of the first.

    UsageError where there are too few, one is named twice, or they are not alike: what may differ
    between the sides may not within one, unless it is `allowed`.
    """
    first, *others = runs
    if len({run.folder.resolve() for run in runs}) < len(runs):
        raise UsageError("a run is named twice on one side", remedy="name each once")
    if len(runs) < MIN_RUNS:
        raise UsageError(
            f"{first.name} alone is no sample of boots",
            remedy=f"name at least {MIN_RUNS} runs before and after --with, 5 or more to decide",
        )
    for run in others:
        pairs = [CellPair(cell, cell) for cell in _cells(run)]
        found = find_differences(first, run, pairs, chosen=False)
        require_alike(first.name, run.name, found, allowed)
    samples = [sample for block, run in enumerate(runs, start=1) for sample in _block(run, block)]
    return replace(first, samples=tuple(samples), cautions=())


def all_samples(runs: Sequence[StoredRun]) -> list[Sample]:
    """The samples of all runs, with numbers of blocks that none shares with another."""
    found: list[Sample] = []
    first = 0
    for run in runs:
        found += [replace(sample, block=first + sample.block) for sample in run.samples]
        first += 1 + max((sample.block for sample in run.samples), default=0)
    return found


def boot_cautions(runs: Sequence[StoredRun]) -> list[Caution]:
    """If runs that count as boots are of the same one: their interval may be too narrow."""
    boots = [run.environment.facts.load.boot_id for run in runs]
    known = [boot for boot in boots if boot]
    if len(known) == len(set(known)):
        return []
    return [
        Caution(
            "same-boot",
            f"{counted(len(known), 'run')} of {counted(len(set(known)), 'boot')}: how boots differ "
            "shows in part only",
            "boot again before each run",
        )
    ]


def _block(run: StoredRun, block: int) -> Iterator[Sample]:
    """One sample for each cell of a run."""
    for index, cell in enumerate(_cells(run)):
        own = [s for s in run.samples if s.cell == cell and _counts(s)]
        names = dict.fromkeys(name for sample in own for name in sample.metrics)
        yield replace(
            own[0],
            index=index,
            block=block,
            position=index,
            metrics={name: _centre(own, name) for name in names},
            ledger=_NOT_KNOWN,
            beside_ledger=None,
        )


def _cells(run: StoredRun) -> list[Cell]:
    return list(dict.fromkeys(sample.cell for sample in run.samples if _counts(sample)))


def _counts(sample: Sample) -> bool:
    return sample.valid and not sample.warm_up and not sample.ladder


def _centre(samples: Sequence[Sample], metric: str) -> float:
    """The geometric mean; the arithmetic one of a metric that is zero in some block."""
    values = [sample.metrics[metric] for sample in samples if metric in sample.metrics]
    centre = geometric_mean(values)
    return centre if centre is not None else sum(values) / len(values)
