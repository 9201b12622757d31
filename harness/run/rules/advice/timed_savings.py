"""What each proposal saves, from the trials of a run: differences within blocks, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from harness.analysis.paired_difference import paired_difference
from harness.counted import counted
from harness.model.caution import Caution
from harness.model.cost import INVALID_TRIALS
from harness.model.rules.advice import Advice, Proposal
from harness.model.rules.timed_advice import TimedAdvice, TimedSaving
from harness.model.rules.timed_cost import Time
from harness.model.run import Sample
from harness.run.rules.advice.making import by_saving
from harness.run.rules.timed_cost import is_recorded
from harness.store import StoredRun

LOAD: Final = "syscalls"
"""The load that no rule records."""
FILE: Final = "the-file"
TOGETHER: Final = "with-all"
RECORDED: Final = "recorded"
"""The file, and rules of our own behind it that record the loads."""
ELAPSED: Final = "elapsed_ns_per_op"
OWN_CPU: Final = "cpu_workload_ns_per_op"
"""Of a call without events it is all that the rules change, and waits for no other process."""
CPU: Final = "cpu_total_ns_per_op"
_LEAST_BLOCKS: Final = 2
"""Fewer give no interval."""
_LEAST_PER_OP: Final = 0.5
"""Fewer events or records per operation are those of others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The scenarios that are about one proposal: it carried out, the file without the rules that it
    passes, and it carried out where events are made; empty for none. `load` makes its events, or
    others if not `alike`.
    """

    name: str
    passed: str
    recorded: str
    load: str
    alike: bool = True


def file_of(load: str) -> str:
    """The scenario of the file as it is, under which changes are held against it."""
    return FILE if load == LOAD else RECORDED


class _Trials:
    """The usable trials of a run, by cell and block."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.measured = [each for each in samples if not each.warm_up]
        self._by_cell: dict[tuple[str, str], dict[int, Sample]] = {}
        self._valid: dict[tuple[str, str], set[int]] = {}
        for sample in self.measured:
            if sample.valid:
                self._valid.setdefault((sample.workload, sample.scenario), set()).add(sample.block)
            if sample.valid and (sample.workload != LOAD or not is_recorded(sample)):
                cell = self._by_cell.setdefault((sample.workload, sample.scenario), {})
                cell[sample.block] = sample

    @property
    def used(self) -> int:
        """How many there are."""
        return sum(map(len, self._by_cell.values()))

    def of(self, load: str, scenario: str) -> Mapping[int, Sample]:
        """The trials of a cell by block."""
        return self._by_cell.get((load, scenario), {})

    def are_too_few(self, load: str, scenario: str) -> bool:
        """Whether not enough blocks have valid trials under the file and under a scenario."""
        file, changed = (self._valid.get((load, each), set()) for each in (file_of(load), scenario))
        return len(file & changed) < _LEAST_BLOCKS

    def pairs(self, load: str, scenario: str) -> list[tuple[Sample, Sample]]:
        """The trials under the file and under a scenario, of each block that has both."""
        first, second = self.of(load, file_of(load)), self.of(load, scenario)
        return [(first[block], second[block]) for block in sorted(first.keys() & second.keys())]


def with_savings(advice: Advice, wanted: Sequence[Wanted], stored: StoredRun) -> Advice:
    """The advice with what was measured, in the order of that."""
    trials = _Trials(stored.samples)
    proposals = (
        replace(proposal, timed=_saving(trials, each, proposal))
        for each, proposal in zip(wanted, advice.proposals, strict=True)
    )
    unmeasured = [
        place
        for place, each in enumerate(wanted, 1)
        if (each.load and trials.are_too_few(each.load, each.recorded))
        or (each.name and trials.are_too_few(LOAD, each.name))
    ]
    together = TOGETHER if len(wanted) > 1 else wanted[0].name
    calls = [sample.metrics[OWN_CPU] for sample in trials.of(LOAD, FILE).values()]
    return replace(
        advice,
        proposals=tuple(sorted(proposals, key=by_saving)),
        cautions=(*advice.cautions, *_too_few(len(unmeasured))),
        timed=TimedAdvice(
            call=_estimate(calls),
            together=_spared(trials.pairs(LOAD, together), OWN_CPU),
            trials=trials.used,
            left_aside=len(trials.measured) - trials.used,
            folder=str(stored.folder),
        ),
    )


def _too_few(unmeasured: int) -> Iterator[Caution]:
    if unmeasured:
        yield Caution(
            INVALID_TRIALS,
            f"of {counted(unmeasured, 'proposal')} too few trials are usable: what of it has no "
            "figure was not measured",
            "measure again while nothing else runs, or with more --blocks",
        )


def _saving(trials: _Trials, wanted: Wanted, proposal: Proposal) -> TimedSaving:
    saving = TimedSaving(
        call=_spared(trials.pairs(LOAD, wanted.name), OWN_CPU),
        matched=_spared(trials.pairs(LOAD, wanted.passed), OWN_CPU),
    )
    pairs = trials.pairs(wanted.load, wanted.recorded)
    if wanted.load and trials.are_too_few(wanted.load, wanted.recorded):
        return replace(saving, load=wanted.load, alike=wanted.alike)
    events, records = _fewer(pairs, _events), _fewer(pairs, _records)
    if records < _LEAST_PER_OP:
        return saving
    if events < _LEAST_PER_OP:
        # The events stay, and have a record less.
        events = fmean(_events(file) for file, _ in pairs)
    cpu = _spared(pairs, CPU)
    return replace(
        saving,
        event=_scaled(_spared(pairs, ELAPSED), 1 / events),
        event_cpu=_scaled(cpu, 1 / events),
        log_cpu=_scaled(cpu, proposal.added.records / records),
        load=wanted.load,
        alike=wanted.alike,
    )


def _events(sample: Sample) -> float:
    """Events per operation that were received."""
    return ((sample.ledger.complete or 0) + (sample.ledger.partial or 0)) / sample.ops


def _records(sample: Sample) -> float:
    """Records per operation without the one that ends each event, which no log has."""
    return (sample.ledger.received_records or 0) / sample.ops - _events(sample)


def _fewer(pairs: Sequence[tuple[Sample, Sample]], of: Callable[[Sample], float]) -> float:
    """How much less an operation has of it than under the file."""
    return fmean(of(file) - of(changed) for file, changed in pairs) if pairs else 0.0


def _spared(pairs: Sequence[tuple[Sample, Sample]], metric: str) -> Time | None:
    """What the second is spared of a metric; None where too few blocks have it."""
    return _estimate(
        [
            file.metrics[metric] - changed.metrics[metric]
            for file, changed in pairs
            if metric in file.metrics and metric in changed.metrics
        ]
    )


def _estimate(values: Sequence[float]) -> Time | None:
    found = paired_difference(values)
    return None if found is None else Time(found.centre, found.low, found.high)


def _scaled(time: Time | None, factor: float) -> Time | None:
    if time is None:
        return None
    return Time(time.ns * factor, time.low_ns * factor, time.high_ns * factor)
