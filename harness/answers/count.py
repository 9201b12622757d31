"""Samples to the result of a counted run: per cell the mean of its boots, and how they differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.count import ALL_COUNTED, OF_RULES, CountedCell, CountedResult, CountKey
from harness.model.run import Sample
from harness.store import StoredRun

T = TypeVar("T")
_NUMBER = re.compile(r"\d[\d,]*")


def make_counted(stored: StoredRun) -> CountedResult:
    """Everything that a counted run says, from what was stored of it."""
    plan = stored.plan
    boots = _boots(stored.samples)
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
    return CountedResult(
        run=stored.name,
        plan=plan.name,
        reference=plan.reference_scenario,
        guests=stored.environment.guests,
        cells=tuple(sorted(cells, key=_place_in(stored))),
        cautions=(*stored.cautions, *stored.environment.cautions, *_failed(stored.samples)),
        complete=plan.is_whole(len(stored.samples)),
    )


def _boots(samples: Sequence[Sample]) -> dict[CountKey, list[float]]:
    """The valid trials' counts, boot by boot."""
    found: dict[CountKey, list[float]] = {}
    for sample in sorted(samples, key=lambda sample: sample.block):
        if not sample.valid:
            continue
        for metric, value in sample.metrics.items():
            key = CountKey(sample.kernel, sample.workload, sample.scenario, metric)
            found.setdefault(key, []).append(value)
    return found


def _floors(boots: Mapping[CountKey, Sequence[float]]) -> dict[CountKey, float]:
    """How far the boots of any scenario lie apart, at most; the keys have none."""
    floors: dict[CountKey, float] = {}
    for key, values in boots.items():
        if len(values) > 1:
            of_all = key._replace(scenario="")
            floors[of_all] = max(floors.get(of_all, 0.0), max(values) - min(values))
    return floors


def _difference(
    means: Mapping[CountKey, float], key: CountKey, reference: str | None
) -> float | None:
    if reference is None or key.scenario == reference or key.metric in OF_RULES:
        return None
    base = means.get(key._replace(scenario=reference))
    return None if base is None else means[key] - base


def _place_in(stored: StoredRun) -> Callable[[CountedCell], tuple[int, int, int]]:
    """Tells the place of a cell: by metric, then kernel, then workload and scenario as planned."""
    plan = stored.plan
    planned = [
        (name, scenario.name) for name in plan.workloads for scenario in plan.of_workload(name)
    ]
    metrics = _by_place(ALL_COUNTED)
    kernels = _by_place([guest.name for guest in stored.environment.guests])
    scenarios = _by_place(planned)
    return lambda cell: (
        metrics.get(cell.metric, 0),
        kernels.get(cell.kernel, 0),
        scenarios.get((cell.workload, cell.scenario), 0),
    )


def _by_place(names: Sequence[T]) -> dict[T, int]:
    return {name: place for place, name in enumerate(names)}


def _failed(samples: Sequence[Sample]) -> Iterator[Caution]:
    """A caution for each reason for which trials are not used; one may differ in its numbers."""
    failed: dict[str, list[Sample]] = {}
    for sample in samples:
        if not sample.valid:
            failed.setdefault(_NUMBER.sub("0", sample.invalid_reason), []).append(sample)
    for own in failed.values():
        reason = own[0].invalid_reason
        names = ", ".join(dict.fromkeys(f"{s.workload} × {s.scenario}" for s in own))
        are = agreeing(len(own), "is", "are")
        yield Caution(
            "invalid-trials", f"{counted(len(own), 'trial')} of {names} {are} not used: {reason}"
        )
