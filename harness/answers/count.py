"""Samples to the result of a counted run: per cell the mean of its boots, and how they differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

import msgspec

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.count import (
    ALL_COUNTED,
    CONSUMER,
    OF_RULES,
    CountedCell,
    CountedDaemon,
    CountedResult,
    CountKey,
)
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
        daemons=tuple(_daemons(stored)),
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
    metrics = _by_place(ALL_COUNTED)
    kernels = _by_place([guest.name for guest in stored.environment.guests])
    scenarios = _by_place(_planned(stored))
    return lambda cell: (
        metrics.get(cell.metric, 0),
        kernels.get(cell.kernel, 0),
        scenarios.get((cell.workload, cell.scenario), 0),
    )


def _planned(stored: StoredRun) -> list[tuple[str, str]]:
    """Workload and scenario of each cell, as planned."""
    plan = stored.plan
    return [(name, scenario.name) for name in plan.workloads for scenario in plan.of_workload(name)]


def _by_place(names: Sequence[T]) -> dict[T, int]:
    return {name: place for place, name in enumerate(names)}


class _Taken(msgspec.Struct):
    """The part of a trial's document that says which process of a consumer took what."""

    consumer_ns_by_process: dict[str, int] = {}


class _Said(msgspec.Struct):
    """What a guest counted, in a trial's document."""

    counted: _Taken = msgspec.field(default_factory=_Taken)


def _daemons(stored: StoredRun) -> list[CountedDaemon]:
    """What became of the events of each cell in which a daemon from a package listened."""
    programs = stored.environment.consumers
    cells: dict[tuple[str, str, str, str], list[Sample]] = {}
    for sample in stored.samples:
        if sample.consumer in programs and sample.ledger.complete is not None:
            place = (sample.kernel, sample.workload, sample.scenario, sample.consumer)
            cells.setdefault(place, []).append(sample)
    found = (
        _daemon(own, f"{programs[place[-1]].path} {programs[place[-1]].version}")
        for place, own in cells.items()
    )
    kernels = _by_place([guest.name for guest in stored.environment.guests])
    planned = _by_place(_planned(stored))
    return sorted(
        found,
        key=lambda each: (
            kernels.get(each.kernel, 0),
            planned.get((each.workload, each.scenario), 0),
        ),
    )


def _daemon(samples: Sequence[Sample], package: str) -> CountedDaemon:
    """What the trials of one cell say together."""
    ledgers = [sample.ledger for sample in samples]
    complete = sum(ledger.complete or 0 for ledger in ledgers)
    partial = sum(ledger.partial or 0 for ledger in ledgers)
    known = all(ledger.generated is not None for ledger in ledgers)
    made = sum(ledger.generated or 0 for ledger in ledgers)
    return CountedDaemon(
        kernel=samples[0].kernel,
        workload=samples[0].workload,
        scenario=samples[0].scenario,
        consumer=samples[0].consumer,
        package=package,
        boots=len(samples),
        complete=complete,
        partial=partial,
        missing=max(0, made - complete - partial) if known else None,
        doubled_records=sum(ledger.duplicate_records or 0 for ledger in ledgers),
        shares=_shares([sample for sample in samples if sample.valid]),
    )


def _shares(samples: Sequence[Sample]) -> dict[str, float]:
    """The instructions per operation of each process of a consumer: the mean of these trials."""
    found: dict[str, list[float]] = {}
    for sample in samples:
        try:
            said = msgspec.convert(sample.workload_document, _Said)
        except msgspec.ValidationError:  # of a run that says nothing about it
            continue
        taken = said.counted.consumer_ns_by_process
        whole, total = sample.metrics.get(CONSUMER, 0.0), sum(taken.values())
        for name, ns in taken.items():
            found.setdefault(name, []).append(whole * ns / total if total else 0.0)
    return {name: fmean(values) for name, values in found.items()}


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
