"""How large the backlog must be, from the trials of a search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import msgspec

from harness.analysis.loss import lost_any
from harness.analysis.searches.backlog_demand import Demand, longest_after, longest_queue
from harness.analysis.searches.backlog_search import Goal, bracket, next_step
from harness.answers.matched import made_no_event
from harness.answers.open_ledgers import ledger_cautions, open_samples
from harness.counted import counted
from harness.errors import UsageError
from harness.model.caution import Caution
from harness.model.run import Sample
from harness.model.searches.size import (
    BURST,
    LEAST_RECORDS,
    MOST_RECORDS,
    SATURATED,
    SUSTAINED,
    WAIT_S,
    Advice,
    LongerNeed,
    Measured,
    SizeAnswer,
    SizeOutcome,
    Sizing,
    TriedBacklog,
    backlog_tried,
)
from harness.model.stored.documents import ConsumerDocument, WorkerDocument
from harness.model.stored.trial import StoredStatus, StoredWorkload, operations_of
from harness.store import StoredRun

GROWTH = 0.05
"""A queue that grows by more than this share of what comes grows for good."""
REACHED = 0.95
"""A load that comes to less than this share of its rate was not what was asked for."""
ROUND_TO = 64


@dataclass(frozen=True, slots=True)
class Profile:
    """The load of a trial, in operations."""

    rate_per_s: float
    burst: int


def goal_of(sizing: Sizing) -> Goal:
    """When the search is over."""
    return Goal(trials=sizing.trials, first_trials=min(Goal().first_trials, sizing.trials))


def profile_of(sizing: Sizing, measured: Measured) -> Profile:
    """The load that is asked for; as many records as the log's events have, where there is one."""
    factor = 1.0
    if sizing.log is not None and measured.records_per_op:
        factor = sizing.log.records_per_event / measured.records_per_op
    return Profile(sizing.rate_per_s * factor, max(round(sizing.burst * factor), 1))


def measured_of(samples: Iterable[Sample]) -> Measured:
    """What the first trials say; the last of a kind counts, and of those at the rate alone the one
    whose queue grew least: one stall of the host makes no consumer too slow for good.
    """
    valid = [sample for sample in samples if sample.valid]
    found = {sample.scenario: sample for sample in valid}
    burst, saturated = found.get(BURST), found.get(SATURATED)
    alone = (sample for sample in valid if sample.scenario == SUSTAINED)
    sustained = min(alone, key=_growth_per_s, default=None)
    per_op = records_per_op(burst) if burst else None
    if burst is None or not per_op:
        return Measured(records_per_op=per_op)
    measured = Measured(records_per_op=per_op, made_per_s=per_op * ops_per_s(burst))
    if saturated is not None:
        measured = _with_drain(measured, saturated, per_op)
    return measured if sustained is None else _with_growth(measured, sustained, per_op)


def records_per_op(sample: Sample) -> float | None:
    """Records per operation as the kernel queues them, the one that ends each event included.

    0 where no rule recorded the load; None where some may have, and the consumer shows none.
    """
    operations = operations_of(sample)
    if sample.consumer_document is None or not operations:
        return None
    try:
        received = msgspec.convert(sample.consumer_document, ConsumerDocument)
        session = msgspec.convert(sample.workload_document, WorkerDocument).session
    except ValueError as error:
        raise UsageError(
            f"the trial {sample.index} is damaged ({error})", remedy="measure again"
        ) from None
    calls = received.of_session(session).by_syscall.values()
    events = sum(call.complete + call.partial for call in calls)
    records = sum(call.records for call in calls)
    # What others' programs write lacks the record that ends an event.
    ends = events if received.judged else 0
    arrived = (sample.ledger.complete or 0) + (sample.ledger.partial or 0)
    if not events or not arrived:
        return 0.0 if made_no_event(sample.ledger) else None
    # What was lost had as many records as what came.
    demanded = sample.ledger.generated or arrived
    return (records + ends) / events * max(demanded, arrived) / operations


def ops_per_s(sample: Sample) -> float:
    """The operations that a trial did per second."""
    return operations_of(sample) / elapsed_s(sample)


def elapsed_s(sample: Sample) -> float:
    """How long a trial's load took; at least the clock's own step."""
    return max(StoredWorkload.of(sample).elapsed_ns, 1.0) / 1e9


def _with_drain(measured: Measured, sample: Sample, per_op: float) -> Measured:
    """The records that went through while the load waited for room; the queue was full at its end.

    What a load that never waited made is the least that can be taken.
    """
    made = per_op * operations_of(sample)
    waited = bool(sample.ledger.waited_ms)
    queued = StoredStatus.before(sample).backlog_limit if waited else 0
    rate = (made - queued) / elapsed_s(sample)
    return replace(measured, drain_per_s=rate, never_waited=not waited)


def _with_growth(measured: Measured, sample: Sample, per_op: float) -> Measured:
    return replace(
        measured,
        sustained_per_s=per_op * ops_per_s(sample),
        growth_per_s=_growth_per_s(sample),
        sustained_lost=bool(lost_any(sample.ledger)),
    )


def _growth_per_s(sample: Sample) -> float:
    """By how many records per second the queue grew for good while the load ran."""
    elapsed_ms = elapsed_s(sample) * 1e3
    during = [moment for moment in sample.timeline if 0 < moment.t_ms <= elapsed_ms]
    if not during:
        return 0.0
    last = during[-1]
    half = next(moment for moment in during if moment.t_ms >= last.t_ms / 2)
    whole_per_s = last.backlog / last.t_ms * 1e3
    if last.t_ms == half.t_ms:
        return whole_per_s
    late_per_s = (last.backlog - half.backlog) / (last.t_ms - half.t_ms) * 1e3
    # A queue that only filled once, or that sinks again, does not grow for good.
    return max(min(whole_per_s, late_per_s), 0.0)


def too_slow(measured: Measured) -> bool:
    """Whether the queue grows for good at the rate alone."""
    if not measured.growth_per_s or not measured.sustained_per_s:
        return False
    return measured.growth_per_s > GROWTH * measured.sustained_per_s


def computed(sizing: Sizing, measured: Measured) -> float | None:
    """The longest queue by arithmetic; None where it grows for good, or not enough is known."""
    per_op, made, drain = measured.records_per_op, measured.made_per_s, measured.drain_per_s
    if not per_op or made is None or drain is None:
        return None
    profile = profile_of(sizing, measured)
    demand = Demand(
        rate_per_s=profile.rate_per_s * per_op,
        burst=profile.burst * per_op,
        made_per_s=made,
        pause_s=sizing.pause_ms / 1000,
    )
    return longest_queue(demand, drain)


def longer_need(
    sizing: Sizing, measured: Measured, clean: TriedBacklog | None
) -> LongerNeed | None:
    """What the log asks for by itself, where that is more than the smallest backlog that lost
    nothing: many events for some seconds are neither in the burst nor in the rate.
    """
    if sizing.log is None or measured.drain_per_s is None or clean is None:
        return None
    windows = ((s, events * sizing.log.records_per_event) for s, events in sizing.log.longer)
    seconds, records = longest_after(windows, measured.drain_per_s)
    return LongerNeed(seconds, records) if records > clean.backlog else None


def start_of(sizing: Sizing, measured: Measured) -> int:
    """The backlog to try first: what arithmetic gives, within what is tried at all."""
    records = computed(sizing, measured)
    if records is None:
        return MOST_RECORDS
    return min(max(math.ceil(records), LEAST_RECORDS), MOST_RECORDS)


def tried_of(samples: Iterable[Sample], *, waiting: bool = False) -> tuple[TriedBacklog, ...]:
    """Every backlog that was tried, the smallest first."""
    trials: dict[int, list[bool]] = {}
    for sample in samples:
        tried = backlog_tried(sample.scenario)
        if sample.valid and tried is not None and tried[1] == waiting:
            trials.setdefault(tried[0], []).append(bool(lost_any(sample.ledger)))
    return tuple(
        TriedBacklog(backlog, len(lost), sum(lost)) for backlog, lost in sorted(trials.items())
    )


def make_size(stored: StoredRun, sizing: Sizing) -> SizeAnswer:
    """The answer of a stored search."""
    samples = stored.samples
    measured = measured_of(samples)
    tried = tried_of(samples)
    lossy, clean = bracket(tried)
    outcome = _outcome(sizing, measured, tried)
    waits = [s for s in samples if s.valid and (backlog_tried(s.scenario) or (0, False))[1]]
    waited = [s.ledger.waited_ms for s in waits if s.ledger.waited_ms is not None]
    profile = profile_of(sizing, measured)
    longer = longer_need(sizing, measured, clean)
    decided = outcome in ("found", "any")
    return SizeAnswer(
        run=stored.name,
        rules=_rules(stored),
        sizing=sizing,
        outcome=outcome,
        measured=measured,
        rate_ops_per_s=profile.rate_per_s,
        burst_ops=profile.burst,
        computed=computed(sizing, measured),
        lossy=lossy,
        clean=clean,
        tried=tried,
        longer=longer if decided else None,
        advice=_advice(stored, sizing, clean, longer) if decided else None,
        waited_ms=median(waited) if waited else None,
        waiting_trials=len(waits),
        waiting_lost=sum(bool(lost_any(sample.ledger)) for sample in waits),
        cautions=(
            *stored.environment.cautions,
            *stored.cautions,
            *ledger_cautions(samples),
            *_not_reached(sizing, measured),
            *not_used(samples),
        ),
        open_trials=len(open_samples(samples)),
        untold=measured.records_per_op is None and _tried_alone(samples),
    )


def _not_reached(sizing: Sizing, measured: Measured) -> list[Caution]:
    """A load that did not come to its rate: what was tried is less than what was asked for."""
    per_op, reached = measured.records_per_op, measured.sustained_per_s
    asked = profile_of(sizing, measured).rate_per_s * (per_op or 0)
    if not asked or reached is None or reached >= REACHED * asked:
        return []
    what = f"the load came to {reached / asked:.0%} of its rate, and no loss at more was looked for"
    return [Caution("rate", what, "give a lower --rate, or more --workers")]


def not_used(samples: Sequence[Sample]) -> list[Caution]:
    """A caution where trials of a search could not be used."""
    unused = [sample for sample in samples if not sample.valid]
    if not unused:
        return []
    what = (
        f"{counted(len(unused), 'trial was', 'trials were')} not used: {unused[-1].invalid_reason}"
    )
    return [Caution("invalid-trials", what)]


def _tried_alone(samples: Iterable[Sample]) -> bool:
    return any(sample.valid and sample.scenario == BURST for sample in samples)


def _rules(stored: StoredRun) -> str:
    files = (s.file for group in stored.plan.scenarios.values() for s in group if s.file)
    return next(files, "")


def _outcome(sizing: Sizing, measured: Measured, tried: Sequence[TriedBacklog]) -> SizeOutcome:
    if measured.records_per_op == 0:
        return "nothing-matched"
    if too_slow(measured):
        return "too-slow"
    goal = goal_of(sizing)
    if not tried or next_step(tried, LEAST_RECORDS, goal) is not None:
        return "open"
    lossy, clean = bracket(tried)
    if clean is None:
        return "none"
    if clean.trials < goal.trials:
        return "open"
    return "found" if lossy else "any"


def _advice(
    stored: StoredRun, sizing: Sizing, clean: TriedBacklog | None, longer: LongerNeed | None
) -> Advice | None:
    if clean is None or (longer is not None and longer.records > MOST_RECORDS):
        return None
    records = longer.records if longer is not None else clean.backlog
    backlog = math.ceil(records * sizing.margin / ROUND_TO) * ROUND_TO
    saturated = stored.plan.scenario(sizing.workload, SATURATED)
    jiffies = (saturated.backlog_wait_time if saturated else None) or 0
    return Advice(
        backlog=backlog,
        wait_jiffies=jiffies,
        wait_s=WAIT_S,
    )
