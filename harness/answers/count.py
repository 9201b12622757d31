"""Samples to the result of a counted run: per cell the mean of its boots, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.count import INSTRUCTIONS, CountedCell, CountedResult
from harness.model.run import Sample
from harness.model.stored.environment import StoredGuest
from harness.store import StoredRun


def make_counted(stored: StoredRun) -> CountedResult:
    """Everything that a counted run says, from what was stored of it."""
    plan = stored.plan
    means = {cell: fmean(values) for cell, values in _values(stored.samples).items()}
    cells = [
        CountedCell(
            workload=workload,
            scenario=scenario,
            estimate=means[workload, scenario],
            boots=tuple(values),
            apart=max(values) - min(values),
            difference=_difference(means, workload, scenario, plan.reference_scenario),
        )
        for (workload, scenario), values in _values(stored.samples).items()
    ]
    order = _places(stored)
    several = [cell.apart for cell in cells if len(cell.boots) > 1]
    return CountedResult(
        run=stored.name,
        plan=plan.name,
        reference=plan.reference_scenario,
        guest=stored.environment.guest or StoredGuest(),
        cells=tuple(sorted(cells, key=lambda cell: order.get((cell.workload, cell.scenario), 0))),
        floor=max(several) if several else None,
        cautions=(*stored.cautions, *stored.environment.cautions, *_failed(stored.samples)),
        complete=plan.is_whole(len(stored.samples)),
    )


def _values(samples: Sequence[Sample]) -> dict[tuple[str, str], list[float]]:
    """The valid trials' counts by workload and scenario, boot by boot."""
    found: dict[tuple[str, str], list[float]] = {}
    for sample in sorted(samples, key=lambda sample: sample.block):
        if sample.valid and INSTRUCTIONS in sample.metrics:
            value = sample.metrics[INSTRUCTIONS]
            found.setdefault((sample.workload, sample.scenario), []).append(value)
    return found


def _difference(
    means: dict[tuple[str, str], float], workload: str, scenario: str, reference: str | None
) -> float | None:
    base = means.get((workload, reference)) if reference is not None else None
    return None if base is None or scenario == reference else means[workload, scenario] - base


def _places(stored: StoredRun) -> dict[tuple[str, str], int]:
    """The place of each cell in the order of the plan."""
    cells = (
        (workload, scenario.name)
        for workload in stored.plan.workloads
        for scenario in stored.plan.of_workload(workload)
    )
    return {cell: place for place, cell in enumerate(cells)}


def _failed(samples: Sequence[Sample]) -> Iterator[Caution]:
    """A caution for each reason for which trials are not used."""
    failed = [sample for sample in samples if not sample.valid]
    for reason in dict.fromkeys(sample.invalid_reason for sample in failed):
        own = [sample for sample in failed if sample.invalid_reason == reason]
        names = ", ".join(dict.fromkeys(f"{s.workload} × {s.scenario}" for s in own))
        are = agreeing(len(own), "is", "are")
        yield Caution(
            "invalid-trials", f"{counted(len(own), 'trial')} of {names} {are} not used: {reason}"
        )
