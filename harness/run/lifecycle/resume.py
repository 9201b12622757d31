"""Resuming a run that was stopped: on the same boot, kernel and host state, or not at all.

The plan is made anew from the command that made the run, and must be the same. Its blocks are drawn
again from the same seed: those that are stored whole are taken from the disk, the others are
measured. What is stored of a block that was broken off stays, marked as not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from harness.answers.compare.comparability import host_differences
from harness.counted import counted
from harness.errors import UsageError
from harness.model.caution import Caution
from harness.model.run import Sample, Trial
from harness.model.searches.capacity import comes_first
from harness.model.searches.size import FIRST
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.model.stored.scenario import StoredScenario
from harness.plain import plain
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.runner import Blocks
from harness.store import StoredRun

BROKEN_OFF = "its block was broken off, and measured again when the run was resumed"
_COURSE = frozenset({"document", "blocks", "trials", "scenarios", "excluded_program"})
"""Parts of a stored plan that grow in the course of a run, or are compared in their own way."""
_MOST_NAMED = 3


class Past:
    """What is stored of a run, by trial."""

    def __init__(self, stored: StoredRun) -> None:
        self.stored = stored
        self._retries = stored.plan.invalid.retries
        self._last: dict[int, Sample] = {sample.index: sample for sample in stored.samples}

    @property
    def trials(self) -> int:
        """How many are stored; one that was repeated is one."""
        return len(self._last)

    @property
    def used_s(self) -> float:
        """The time that its trials took, in seconds."""
        return sum(sample.duration_ns for sample in self.stored.samples) / 1e9

    def take_up(self, plan: Plan, environment: dict[str, Any]) -> dict[str, Any]:
        """The environment to go on with; UsageError with all reasons why the run cannot be."""
        require_same(self, plan, environment)
        return continued(self, environment)

    def of(self, trials: Sequence[Trial]) -> list[Sample] | None:
        """The samples of a block; None if one of them is missing."""
        found = [self._settled(trial) for trial in trials]
        known = [sample for sample in found if sample is not None]
        return known if len(known) == len(found) else None

    def indexes(self, trials: Sequence[Trial]) -> frozenset[int]:
        """Which of these trials are stored."""
        return frozenset(trial.index for trial in trials if trial.index in self._last)

    def _settled(self, trial: Trial) -> Sample | None:
        sample = self._last.get(trial.index)
        if sample is None or (sample.cell, sample.ops) != (trial.cell, trial.ops):
            return None
        # It was to be repeated, and the run was stopped before.
        return None if sample.disturbed and self._retries and not sample.valid else sample


class ResumedBlocks:
    """The blocks of a run without those that are stored whole."""

    def __init__(
        self, blocks: Blocks, past: Past, on_gap: Callable[[frozenset[int]], None]
    ) -> None:
        """`on_gap` is called before a block is measured, with the indexes stored of it."""
        self._blocks, self._past, self._on_gap = blocks, past, on_gap
        self._kept = 0

    @property
    def trials_expected(self) -> int:
        """The probable number of trials to measure."""
        return max(self._blocks.trials_expected - (self._kept or self._past.trials), 0)

    def take(self, sample: Sample) -> None:
        """A trial was measured and saved."""
        self._blocks.take(sample)

    def __iter__(self) -> Iterator[Sequence[Trial]]:
        for trials in self._blocks:
            known = self._past.of(trials)
            if known is None:
                self._on_gap(self._past.indexes(trials))
                yield trials
                continue
            self._kept += len(known)
            for sample in known:
                self._blocks.take(sample)


def plan_as_before(plan: Plan, past: Past) -> Plan:
    """The plan with the states that only a fresh boot can show, if the run had them.

    UsageError where they are not measured to their end: that boot has enabled audit since.
    """
    scenarios = past.stored.plan.scenarios.values()
    names = {each.name for group in scenarios for each in group if not each.interleaved}
    if not names:
        return plan.without_first()
    again = plan.with_first()
    first = [c for c in again.cells() if c.scenario in names]
    stored = sum(not sample.interleaved for sample in past.stored.samples)
    if stored < len(first) * (plan.blocks + 1):
        raise _refused(past, f"{', '.join(sorted(names))} can be measured on a fresh boot only")
    return again


def require_same(past: Past, plan: Plan, environment: dict[str, Any]) -> None:
    """UsageError with all reasons why a run cannot be resumed: plan, boot, kernel, host state."""
    now = StoredEnvironment.read(environment)
    before = past.stored.environment
    reasons = [
        *_boot(before, now),
        *(difference.words for difference in host_differences(before, now)),
        *_audit_state(before, now),
        *_programs(before, now),
        *_plan(past.stored.plan, StoredPlan.read(plan_document(plan))),
    ]
    if reasons:
        more = len(reasons) - _MOST_NAMED
        rest = f"; and {counted(more, 'more difference')}" if more > 0 else ""
        raise _refused(past, "; ".join(reasons[:_MOST_NAMED]) + rest)


def _refused(past: Past, why: str) -> UsageError:
    return UsageError(
        plain(f"{past.stored.name} cannot be resumed: {why}"),
        remedy="make a new run; what was measured is kept, and `auditbench show` shows it",
    )


def _boot(before: StoredEnvironment, now: StoredEnvironment) -> Iterator[str]:
    old, new = before.facts.load.boot_id, now.facts.load.boot_id
    if not old or not new:
        yield "it is not known on which boot it was made"
    elif old != new:
        yield "the host was booted again since"


def _audit_state(before: StoredEnvironment, now: StoredEnvironment) -> Iterator[str]:
    old, new = before.audit_before, now.audit_before
    if old is None or new is None:
        if old is not new:
            yield "one of the two left the kernel's audit alone"
        return
    for name in sorted({*old.settings, *new.settings}):
        was, it_is = old.settings.get(name), new.settings.get(name)
        if was != it_is:
            yield f"the host's {name} was {was} and is {it_is}"
    if old.features != new.features:
        yield "the kernel's audit features are set otherwise"
    if old.rules != new.rules:
        were = counted(len(old.rules), "rule")
        yield f"the host's own rules are not those of before ({were}; now {len(new.rules)})"


def _programs(before: StoredEnvironment, now: StoredEnvironment) -> Iterator[str]:
    for name, program in before.consumers.items():
        if now.consumers.get(name) != program:
            yield f"{name} is another program or version"


def _plan(before: StoredPlan, now: StoredPlan) -> Iterator[str]:
    """Which parts of the plan are not as they were: the command, or a file of it, was changed."""
    for name in before.__struct_fields__:
        if name not in _COURSE and getattr(before, name) != getattr(now, name):
            yield f"the plan's {name.replace('_', ' ')} would be another"
    if _program(before) != _program(now):
        yield "the program to exclude would be another"
    for workload in dict.fromkeys((*before.scenarios, *now.scenarios)):
        # Cells that a run adds to itself are found again on the way.
        old = [s for s in before.of_workload(workload) if not _is_added(before, s)]
        new = list(now.of_workload(workload))
        if [s.name for s in old] != [s.name for s in new]:
            yield f"the scenarios of {workload} would be others"
            continue
        for was, it_is in zip(old, new, strict=True):
            if was.rules != it_is.rules:
                yield f"the rules of {workload} × {was.name} were changed"
            elif was != it_is:
                yield f"{workload} × {was.name} would be set otherwise"


def _is_added(plan: StoredPlan, scenario: StoredScenario) -> bool:
    """Whether a run added a scenario to itself."""
    searched = plan.sizing is not None and scenario.name not in FIRST
    searched |= plan.capacity is not None and not comes_first(scenario.name)
    return searched or bool(scenario.larger_backlog_of)


def _program(plan: StoredPlan) -> tuple[Any, ...]:
    """The program to exclude; the copy that loads run from is another in each process."""
    found = plan.excluded_program
    return () if found is None else (found.path, found.workloads)


def continued(past: Past, environment: dict[str, Any]) -> dict[str, Any]:
    """The stored environment, with when the run was resumed, and a caution about it."""
    before = past.stored.environment
    at = environment["started_at"]
    what = f"stopped after {counted(past.trials, 'trial')}, and resumed at {at}"
    cautions = [*before.cautions, Caution("resumed", what)]
    return {
        **before.document,
        "resumed_at": [*before.resumed_at, at],
        "cautions": [asdict(caution) for caution in cautions],
    }


def require_unfinished(past: Past) -> None:
    """UsageError for a run in which nothing is missing."""
    profiling = past.stored.plan.profiling
    profiled = {profile.cell for profile in past.stored.profiles}
    unprofiled = set(profiling.cells if profiling is not None else ()) - profiled
    if past.stored.plan.is_whole(past.trials) and not unprofiled:
        raise UsageError(
            f"{past.stored.name} is whole: there is nothing to resume",
            remedy="`auditbench show` shows it; give the command without --resume to make another",
        )
