"""Samples to the result of a counted run: per cell the mean of its boots, and how they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.count import COUNTED_METRICS, OF_RULES, CountedCell, CountedResult
from harness.model.run import Sample
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun


class _Key(NamedTuple):
    """What a number is of."""

    kernel: str
    workload: str
    scenario: str
    metric: str


def make_counted(stored: StoredRun) -> CountedResult:
    """Everything that a counted run says, from what was stored of it."""
    plan = stored.plan
    boots = _boots(stored)
    floors = _floors(boots)
    means = {key: fmean(values) for key, values in boots.items()}
    cells = [
        CountedCell(
            *key,
            estimate=means[key],
            boots=tuple(values),
            apart=max(values) - min(values),
            floor=floors.get(key._replace(scenario="")),
            difference=_difference(means, key, plan.reference_scenario),
        )
        for key, values in boots.items()
    ]
    places = _places(stored)
    return CountedResult(
        run=stored.name,
        plan=plan.name,
        reference=plan.reference_scenario,
        guests=stored.environment.guests,
        cells=tuple(sorted(cells, key=places)),
        cautions=(*stored.cautions, *stored.environment.cautions, *_failed(stored.samples)),
        complete=plan.is_whole(len(stored.samples)),
    )


def _boots(stored: StoredRun) -> dict[_Key, list[float]]:
    """The valid trials' counts, boot by boot.

    Each boot has the life of a rule set in the trial that came first, of whatever workload.
    """
    first = _first_workloads(stored.plan)
    found: dict[_Key, list[float]] = {}
    for sample in sorted(stored.samples, key=lambda sample: sample.block):
        if not sample.valid:
            continue
        for metric, value in sample.metrics.items():
            own = sample.workload
            workload = first.get(sample.scenario, own) if metric in OF_RULES else own
            key = _Key(sample.kernel, workload, sample.scenario, metric)
            found.setdefault(key, []).append(value)
    return found


def _first_workloads(plan: StoredPlan) -> dict[str, str]:
    """The first workload of each scenario, in the order of the plan."""
    found: dict[str, str] = {}
    for workload in plan.workloads:
        for scenario in plan.of_workload(workload):
            found.setdefault(scenario.name, workload)
    return found


def _floors(boots: Mapping[_Key, Sequence[float]]) -> dict[_Key, float]:
    """How far the boots of any scenario lie apart, at most; the keys have none."""
    floors: dict[_Key, float] = {}
    for key, values in boots.items():
        if len(values) > 1:
            of_all = key._replace(scenario="")
            floors[of_all] = max(floors.get(of_all, 0.0), max(values) - min(values))
    return floors


def _difference(means: Mapping[_Key, float], key: _Key, reference: str | None) -> float | None:
    if reference is None or key.scenario == reference or key.metric in OF_RULES:
        return None
    base = means.get(key._replace(scenario=reference))
    return None if base is None else means[key] - base


class _places:  # noqa: N801 - used as a function
    """The place of a cell: metrics, then kernels, then workloads and scenarios as planned."""

    def __init__(self, stored: StoredRun) -> None:
        self._kernels = {guest.name: place for place, guest in enumerate(stored.environment.guests)}
        self._scenarios = {
            (workload, scenario.name): place
            for place, (workload, scenario) in enumerate(
                (workload, scenario)
                for workload in stored.plan.workloads
                for scenario in stored.plan.of_workload(workload)
            )
        }
        self._metrics = {
            metric: place for place, metric in enumerate((*COUNTED_METRICS, *OF_RULES))
        }

    def __call__(self, cell: CountedCell) -> tuple[int, int, int]:
        return (
            self._metrics.get(cell.metric, 0),
            self._kernels.get(cell.kernel, 0),
            self._scenarios.get((cell.workload, cell.scenario), 0),
        )


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
