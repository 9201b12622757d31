"""How much rules and a consumer can take, from the trials of a search."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from harness.analysis.loss import lost_any
from harness.analysis.searches.rate_search import FoundRates, next_rate
from harness.analysis.searches.threshold_search import ThresholdGoal, has_ended, most_absorbed
from harness.answers.open_ledgers import ledger_cautions, open_samples
from harness.answers.searches.size import elapsed_s, not_used, ops_per_s, records_per_op
from harness.counted import counted
from harness.model.caution import Caution
from harness.model.run import Ledger, Sample
from harness.model.searches.capacity import (
    ALLOWED,
    BURST,
    FLAT_OUT,
    GRACE_S,
    OVERLOADED,
    PAUSE,
    PAUSE_SHARE,
    RATE,
    REACHED,
    RETRIAL,
    SATURATED,
    SUM_S,
    Busy,
    CapacityAnswer,
    CapacityOf,
    CapacityOutcome,
    CapacitySearch,
    Limit,
    Most,
    RateBracket,
    RateTrial,
    Retrial,
    TriedValue,
    what_is_tried,
)
from harness.model.stored.trial import StoredMachine, operations_of
from harness.store import StoredRun

THROUGH = "through_ms"
"""The metric: from the load's end until all of it was through."""
BUSY = 0.85
"""What takes this share of a CPU or more has no room left."""
DISK_WAITS = 0.2
FULL = 0.95
"""All CPUs together had no room left."""
MOST_FAILED = 3
"""So many trials in a row that cannot be used end what is asked of a consumer."""
PAUSES = ThresholdGoal(least=1, most=10_000)
"""In ms: no longer, because other programs may wait meanwhile."""
MS = 1000.0
_PROCESS = "cpu_process_ns_per_event:"


@dataclass(frozen=True, slots=True)
class Pair:
    """The trials of one consumer under one set of rules, by what they try."""

    rules: str
    consumer: str
    backlog: int
    samples: tuple[Sample, ...]

    @classmethod
    def of(cls, samples: Iterable[Sample], search: CapacitySearch, rules: str, who: str) -> Pair:
        """Those of a run; `who` is the consumer."""
        own = tuple(
            sample
            for sample in samples
            if sample.consumer == who and what_is_tried(sample.scenario, rules, who) is not None
        )
        return cls(rules, who, search.rules[rules], own)

    def kind(self, kind: str) -> list[tuple[int, Sample]]:
        """The valid trials of a kind in their order, each with its value."""
        tried = ((what_is_tried(s.scenario, self.rules, self.consumer), s) for s in self.samples)
        return [(what[1], s) for what, s in tried if what and what[0] == kind and s.valid]

    def last(self, kind: str) -> Sample | None:
        """The last of a kind; None without one."""
        found = self.kind(kind)
        return found[-1][1] if found else None

    @property
    def failure(self) -> str:
        """Why its last trials could not be used; empty where one could."""
        last = self.samples[-MOST_FAILED:]
        if len(last) < MOST_FAILED or any(sample.valid for sample in last):
            return ""
        return last[-1].invalid_reason

    def rates(self) -> list[RateTrial]:
        """The trials of the search for a rate, in their order."""
        return [rate_trial(rate, sample) for rate, sample in self.kind(RATE)]

    def tried(self, kind: str) -> tuple[TriedValue, ...]:
        """Every burst or pause that was tried, the smallest first."""
        trials: dict[int, list[bool]] = {}
        for value, sample in self.kind(kind):
            trials.setdefault(value, []).append(lost_events(sample.ledger) > 0)
        return tuple(
            TriedValue(value, len(lost), sum(lost)) for value, lost in sorted(trials.items())
        )


@dataclass(frozen=True, slots=True)
class Speeds:
    """What a pair is found to do so far, in operations per second; None is not known yet."""

    records_per_op: float | None = None
    fastest_per_s: float | None = None
    found: FoundRates | None = None
    brackets: tuple[RateBracket, ...] = ()

    @property
    def capacity_per_s(self) -> float | None:
        """The rate at which nothing is lost."""
        return self.brackets[0].low if self.brackets else None


def events_offered(ledger: Ledger) -> int:
    """The events that had to arrive: what the rules demand, or what is known of them."""
    if ledger.generated is not None:
        return max(ledger.generated - (ledger.suppressed or 0), 0)
    return (ledger.complete or 0) + _seen_lost(ledger)


def lost_events(ledger: Ledger) -> int:
    """The events of the load that did not arrive whole; those of others do not count."""
    if ledger.generated is not None and ledger.complete is not None:
        return max(events_offered(ledger) - ledger.complete, 0)
    return _seen_lost(ledger)


def _seen_lost(ledger: Ledger) -> int:
    """At least so many, where nobody knows how many had to arrive."""
    if not lost_any(ledger):
        return 0
    return max((ledger.partial or 0) + (ledger.refused or 0) + (ledger.vanished or 0), 1)


def through_s(sample: Sample) -> float:
    """From the load's end until all of it was through."""
    return max(sample.metrics.get(THROUGH, 0.0), 0.0) / MS


def rate_trial(rate: int, sample: Sample) -> RateTrial:
    """What a trial at a rate says.

    What is still queued when the load ends was not forwarded: while it was taken, as much was
    taken per second as before. So what the consumer takes for good does not depend on the backlog.
    """
    seconds, after_s, operations = elapsed_s(sample), through_s(sample), operations_of(sample)
    offered, lost = events_offered(sample.ledger), lost_events(sample.ledger)
    came = max(offered - lost, 0)
    share = came / offered if offered else 1.0
    late = round(came * after_s / (seconds + after_s)) if after_s > GRACE_S else 0
    return RateTrial(
        rate=rate,
        seconds=seconds,
        reached_per_s=operations / seconds,
        forwarded_per_s=operations * share / (seconds + after_s),
        offered=offered,
        lost=lost,
        late=late,
        through_ms=after_s * MS,
        index=sample.index,
    )


def speeds_of(pair: Pair) -> Speeds:
    """What the trials so far say of the rates."""
    alone = pair.last(FLAT_OUT)
    if alone is None:
        return Speeds()
    per_op = records_per_op(alone)
    fastest = max(ops_per_s(sample) for _, sample in pair.kind(FLAT_OUT))
    if not per_op:
        return Speeds(per_op, fastest)
    trials = pair.rates()
    found = next_rate(trials, fastest)
    if not isinstance(found, FoundRates):
        return Speeds(per_op, fastest)
    brackets = tuple(
        _bracket(allowed, bounds, trials)
        for allowed, bounds in zip(ALLOWED, found.bounds, strict=True)
    )
    return Speeds(per_op, fastest, found, brackets)


def _bracket(
    allowed: float, bounds: tuple[int | None, int | None], trials: Sequence[RateTrial]
) -> RateBracket:
    """The two rates as they were reached, and as what came was forwarded."""
    low, high = bounds
    bad = [trial for trial in trials if trial.rate == high and trial.share > allowed]
    offered = sum(trial.offered for trial in bad)
    forwarded = _forwarded(allowed, low, trials)
    pressed = min(map(_pressed, bad), default=None)
    crossed = pressed is not None and forwarded is not None and pressed < forwarded
    return RateBracket(
        allowed=allowed,
        low=forwarded,
        high=float(bad[0].rate) if crossed else pressed,
        high_share=sum(t.missing for t in bad) / offered if offered else None,
        crossed=crossed,
    )


def _forwarded(allowed: float, low: int | None, trials: Sequence[RateTrial]) -> float | None:
    """The highest rate that was forwarded, of those up to this one that were tried long enough.

    The rate itself, but where the load came to less of it than of a lower one.
    """
    if low is None:
        return None
    by_rate: dict[int, list[RateTrial]] = {}
    for trial in trials:
        if trial.rate <= low:
            by_rate.setdefault(trial.rate, []).append(trial)
    lossless = {
        rate: sum(t.forwarded_per_s * t.seconds for t in group) / sum(t.seconds for t in group)
        for rate, group in by_rate.items()
        if all(trial.share <= allowed for trial in group)
        and (rate == low or sum(trial.seconds for trial in group) >= SUM_S)
    }
    return max(lossless.values(), default=None)


def _pressed(trial: RateTrial) -> float:
    """The rate that a load really came to."""
    return min(trial.reached_per_s, float(trial.rate))


def burst_goal(speeds: Speeds, most: int) -> ThresholdGoal:
    """What is tried of bursts, in operations: from one record on."""
    return ThresholdGoal(least=max(math.ceil(1 / (speeds.records_per_op or 1.0)), 1), most=most)


def pause_rate(capacity_per_s: float) -> int:
    """The rate at which the consumer is stopped."""
    return max(round(capacity_per_s * PAUSE_SHARE), 1)


def computed_burst(speeds: Speeds, backlog: int) -> float | None:
    """The largest burst by arithmetic, in operations; None where the load is no faster than what
    takes it.
    """
    made, taken, per_op = speeds.fastest_per_s, speeds.capacity_per_s, speeds.records_per_op
    if not made or not taken or not per_op or made <= taken:
        return None
    return backlog / per_op * made / (made - taken)


def computed_pause_ms(speeds: Speeds, backlog: int) -> float | None:
    """The longest pause by arithmetic: what comes meanwhile fits into the backlog."""
    taken, per_op = speeds.capacity_per_s, speeds.records_per_op
    if not taken or not per_op:
        return None
    return backlog / per_op / pause_rate(taken) * MS


def make_capacity(stored: StoredRun, search: CapacitySearch) -> CapacityAnswer:
    """The answer of a stored search."""
    samples = stored.samples
    pairs = [
        Pair.of(samples, search, rules, consumer)
        for rules in search.rules
        for consumer in search.consumers
    ]
    most_at_once = stored.plan.ops.get(search.workload, 0)
    found = tuple(capacity_of(pair, most_at_once) for pair in pairs)
    return CapacityAnswer(
        run=stored.name,
        search=search,
        found=found,
        complete=stored.plan.is_whole(len({sample.index for sample in samples})),
        cautions=(
            *stored.environment.cautions,
            *stored.cautions,
            *ledger_cautions(samples),
            *_not_reached(pairs),
            *(caution for each in found for caution in _doubts(each)),
            *not_used(samples),
        ),
        open_trials=len(open_samples(samples)),
    )


def _not_reached(pairs: Iterable[Pair]) -> list[Caution]:
    """Loads that did not come to their rate: nothing is known of more than they made."""
    trials = [trial for pair in pairs for trial in pair.rates()]
    short = sum(trial.reached_per_s < REACHED * trial.rate for trial in trials)
    if not short:
        return []
    what = (
        f"in {short} of {counted(len(trials), 'trial')} at a rate the load came to less than "
        f"{REACHED:.0%} of it, which is no loss, and no proof of more than it made"
    )
    return [Caution("rate", what, "measure while nothing else runs, or give more --workers")]


def _doubts(found: CapacityOf) -> Iterator[Caution]:
    """What other trials of the same search say against the two rates."""
    who, again = f"{found.consumer} under {found.rules}", "search again while nothing else runs"
    if found.agrees is False and found.beyond is not None and not found.varies:
        than = "more" if found.beyond > 0 else "less"
        what = f"{who}: in the trial with waiting {abs(found.beyond):.0%} {than} came through"
        yield Caution("waiting", what, again)
    if found.failure and found.outcome != "failed":
        yield Caution("failed", f"{who}: the rest was not measured: {found.failure}", again)
    if found.crossed:
        what = f"{who}: events were lost at less than what came through without loss elsewhere"
        yield Caution("crossed", what, again)
    for most, kind in ((found.burst, "burst"), (found.pause, "pause")):
        if most is not None and not most.decided:
            what = f"{who}: the search for the {kind} did not come to its end"
            yield Caution("not-decided", what, again)
    if found.contradicted:
        yield Caution("confirm", f"{who}: tried again, the rate without loss lost events", again)
    if found.too_low:
        what = f"{who}: tried again, the rate that loses lost nothing: more may be taken"
        yield Caution("confirm", what, again)


def capacity_of(pair: Pair, most_at_once: int) -> CapacityOf:
    """What the trials of a pair say; `most_at_once` is the largest burst that is tried."""
    speeds = speeds_of(pair)
    outcome = _outcome(pair, speeds)
    found = CapacityOf(
        rules=pair.rules,
        consumer=pair.consumer,
        backlog=pair.backlog,
        outcome=outcome,
        records_per_op=speeds.records_per_op,
        fastest_per_s=speeds.fastest_per_s,
        brackets=speeds.brackets,
        tried=tuple(sorted(pair.rates(), key=lambda trial: (trial.rate, trial.index))),
        failure=pair.failure,
    )
    if speeds.capacity_per_s is None:
        return found
    return _with_rest(_with_limit(found, pair, speeds), pair, speeds, most_at_once)


def _outcome(pair: Pair, speeds: Speeds) -> CapacityOutcome:
    if speeds.records_per_op == 0:
        return "nothing-matched"
    if not speeds.brackets:
        return "failed" if pair.failure else "open"
    if speeds.capacity_per_s is None:
        return "none"
    return "load" if speeds.brackets[0].high is None else "found"


def _with_limit(found: CapacityOf, pair: Pair, speeds: Speeds) -> CapacityOf:
    """With what was the limit: what had no room left at the rate that lost."""
    assert speeds.found is not None
    low, high = speeds.found.bounds[0]
    at = [sample for rate, sample in pair.kind(RATE) if rate == (low if high is None else high)]
    if not at:
        return found
    longest = max(at, key=elapsed_s)
    busy = busy_in(longest)
    return replace(found, busy=busy, limit="load" if high is None else limit_of(longest, busy))


def busy_in(sample: Sample) -> Busy:
    """What was busy: the load while it ran, the others until all was through."""
    metrics = sample.metrics
    load_ns = elapsed_s(sample) * 1e9
    window_ns = load_ns + through_s(sample) * 1e9
    operations, events = operations_of(sample), metrics.get("events_received", 0.0)

    def per_op(name: str, in_ns: float = window_ns) -> float | None:
        value = metrics.get(name)
        return None if value is None else value * operations / in_ns

    of_processes = {
        name.removeprefix(_PROCESS): value * events / window_ns
        for name, value in metrics.items()
        if name.startswith(_PROCESS)
    }
    process = max(of_processes, key=lambda name: of_processes[name], default="")
    waits = metrics.get("pressure_io_percent")
    return Busy(
        load=per_op("cpu_workload_ns_per_op", load_ns),
        kauditd=per_op("cpu_kauditd_ns_per_op"),
        consumer=of_processes.get(process, per_op("cpu_consumer_ns_per_op")),
        process=process,
        disk=None if waits is None else waits / 100,
        all_cpus=StoredMachine.of(sample).busy_share,
    )


def limit_of(sample: Sample, busy: Busy) -> Limit:
    """What had no room left where events were lost."""
    consumer, kauditd = busy.consumer or 0.0, busy.kauditd or 0.0
    if sample.ledger.stage_consumer_records:
        return "consumer"
    if kauditd >= BUSY and kauditd > consumer:
        return "kauditd"
    if (busy.disk or 0.0) >= DISK_WAITS and consumer < BUSY:
        return "disk"
    if max(consumer, kauditd) >= BUSY:
        return "consumer"
    if (busy.all_cpus or 0.0) >= FULL:
        return "cpus"
    # It may have kept kauditd from its CPU, so a consumer that waits is not shown to be slow.
    return "not-known" if (busy.load or 0.0) >= BUSY else "consumer"


def _with_rest(found: CapacityOf, pair: Pair, speeds: Speeds, most_at_once: int) -> CapacityOf:
    assert speeds.capacity_per_s is not None
    saturated = pair.last(SATURATED)
    if saturated is not None:
        found = replace(
            found,
            saturated_per_s=operations_of(saturated)
            / (elapsed_s(saturated) + through_s(saturated)),
            saturated_waited=bool(saturated.ledger.waited_ms),
        )
    found = replace(
        found,
        # Of what takes at least so much arithmetic knows nothing.
        burst=_most(
            pair.tried(BURST),
            burst_goal(speeds, most_at_once),
            None if found.outcome == "load" else computed_burst(speeds, pair.backlog),
        ),
        pause=_most(pair.tried(PAUSE), PAUSES, computed_pause_ms(speeds, pair.backlog)),
        pause_rate=_rate_of(pair.last(PAUSE)),
        retrials=tuple(_retrial(rate, sample) for rate, sample in pair.kind(RETRIAL)),
    )
    return _with_recovery(found, pair, speeds)


def _rate_of(sample: Sample | None) -> int | None:
    rate = None if sample is None else sample.metrics.get("rate_per_s")
    return None if rate is None else round(rate)


def _most(tried: Sequence[TriedValue], goal: ThresholdGoal, computed: float | None) -> Most | None:
    if not tried:
        return None
    clean, lossy = most_absorbed(tried)
    return Most(clean=clean, lossy=lossy, computed=computed, decided=has_ended(tried, goal))


def _retrial(rate: int, sample: Sample) -> Retrial:
    trial = rate_trial(rate, sample)
    return Retrial(
        rate=rate,
        seconds=trial.seconds,
        reached_per_s=trial.reached_per_s,
        lost=trial.lost,
        late=trial.late,
        share=trial.share,
    )


def _with_recovery(found: CapacityOf, pair: Pair, speeds: Speeds) -> CapacityOf:
    """With how long the queue took to get empty; by arithmetic what was too much, or the backlog,
    at the speed at which it is taken. Where that speed is not known, the load was not too much.
    """
    overloaded = [sample for _, sample in pair.kind(OVERLOADED)]
    capacity, per_op = speeds.capacity_per_s, speeds.records_per_op
    if not overloaded or not capacity or not per_op:
        return found
    factor = median(ops_per_s(sample) for sample in overloaded) / capacity
    if found.outcome == "load":
        return replace(found, recovery_factor=factor, recovery_trials=len(overloaded))
    queued = [
        min((ops_per_s(s) - capacity) * elapsed_s(s), pair.backlog / per_op) for s in overloaded
    ]
    return replace(
        found,
        recovery_ms=median(through_s(sample) * MS for sample in overloaded),
        recovery_computed_ms=max(median(queued), 0.0) / capacity * MS,
        recovery_factor=factor,
        recovery_lost=sum(lost_events(sample.ledger) > 0 for sample in overloaded),
        recovery_trials=len(overloaded),
    )
