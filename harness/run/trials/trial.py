"""One trial: consumer up, scenario in force, worker up, start marker, load, drain, read, down.

The order is the method. The consumer is started while audit is off, so that its start is not
recorded; the worker is forked after the scenario is in force, because a task gets its audit
context at fork; audit is switched off again before the consumer ends, so that nothing is printed
to the kernel log for lack of a reader. The counters are read after the start marker came: events of
the worker's own start and session are counted by then, and none of them counts as the load's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.analysis.ledger import close_ledger
from harness.consumers.base import Consumer, ConsumerReport, ConsumerSetup, RunningConsumer
from harness.files.scratch import PLACE, scratch_folder
from harness.kernel.client import AuditClient
from harness.kernel.jiffies import kernel_hz
from harness.kernel.lease.lease import Lease
from harness.metrics.audit import audit_delta, kauditd_pid
from harness.metrics.machine import read_machine
from harness.metrics.timeline import Timeline
from harness.model.matching import LOGIN_WARNING
from harness.model.run import Ledger, Sample, Scenario, SoakMoment, Trial
from harness.model.searches.size import BURST
from harness.model.stored.documents import ConsumerDocument, WorkerDocument
from harness.processes.line_process import ChildFailedError
from harness.run.failures import Failures
from harness.run.plan.plan import Plan
from harness.run.plan.victim import victim_words
from harness.run.trials.demanded_events import demanded_events, excluded_types, rules_name_only
from harness.run.trials.growth import Growth
from harness.run.trials.loads import (
    TICK_S,
    WORKER_READY_TIMEOUT_S,
    Done,
    Loads,
    Started,
    start_load,
)
from harness.run.trials.markers import Drained, drain, marker_came, set_start
from harness.run.trials.metrics import (
    Circumstances,
    evidence_of,
    metrics_of,
    noise_of,
    searched_metrics,
)
from harness.run.trials.pause import paused
from harness.run.trials.queue_looks import QueueLooks
from harness.run.trials.said import consumer_said
from harness.run.trials.sample import sample_of
from harness.run.trials.speed import Speed
from harness.run.trials.validity import too_disturbed, why_invalid

NOISE_ENDED = "the noisy load was over before its victim"
NOTHING_QUEUED = Drained(0, 0)
SERVICE_READY_TIMEOUT_S = 600.0
"""A server may have data to make first, under audit; each of its steps is bounded by its file."""
BURST_TICK_S = 0.02
"""A burst is over before ten looks a second have seen it; not much more often, because each look
at the status starts a thread of the kernel.
"""


@dataclass(slots=True)
class Bench:
    """The state that all trials of a run share."""

    plan: Plan
    lease: Lease
    client: AuditClient
    consumers: Mapping[str, Consumer]
    cpus: Mapping[str, tuple[int, ...]]
    trial_timeout_s: float
    rcvbuf_bytes: int | None = None
    hold_queue: bool = False
    """Whether the kernel keeps records while there is no daemon (`audit=1` at boot)."""
    binaries: Mapping[str, Path] = field(default_factory=dict)
    """Programs of consumers to use instead of those on the PATH, by the consumer's name."""
    folder: Path = PLACE
    """The folder for consumers' files: on a disk, and not cleaned by others meanwhile."""
    on_pulse: Callable[[int, int], None] = lambda backlog, lost: None
    failures: Failures = field(default_factory=Failures)
    speed: Speed = field(default_factory=Speed)
    timeline: Timeline = field(default_factory=Timeline)
    sampling: Callable[[dict[str, Sequence[int]]], AbstractContextManager[object]] = nullcontext
    """What samples the stacks of these processes, by group, while a load runs."""

    def sampled(
        self, load: Sequence[int], consumer: Sequence[int]
    ) -> AbstractContextManager[object]:
        """What is opened around load and drain; in measured trials nothing."""
        kauditd = kauditd_pid()
        found = () if kauditd is None else (kauditd,)
        return self.sampling({"load": load, "kauditd": found, "consumer": consumer})

    def tick(
        self, looks: QueueLooks, consumer: RunningConsumer, growth: Growth | None = None
    ) -> None:
        """Check the kernel's queue and the consumer; called continually while a load runs."""
        consumer.look()
        if growth is not None:
            growth.look()
        status = looks.look()
        self.timeline.add(status)
        self.on_pulse(status.backlog, status.lost)


def run_trial(bench: Bench, trial: Trial) -> Sample:
    """Measure one trial. An error inside it makes the sample invalid, not the run.

    KeyboardInterrupt and errors of the control plane pass through, after the processes are ended.
    """
    scenario = bench.plan.scenario_of(trial.cell)
    started_at, start_ns = datetime.now(UTC), time.monotonic_ns()
    if reason := bench.failures.given_up(failing(bench, trial)):
        sample = _failed(bench, trial, scenario, reason)
    else:
        sample = _tried(bench, trial, scenario)
    return replace(
        sample,
        started_at=started_at.isoformat(timespec="milliseconds"),
        duration_ns=time.monotonic_ns() - start_ns,
    )


def _tried(bench: Bench, trial: Trial, scenario: Scenario) -> Sample:
    """The sample of a trial; a failed one has the reason, and the failure is remembered."""
    subject = failing(bench, trial)
    try:
        sample = _measure(bench, trial, scenario)
    except (ChildFailedError, TimeoutError) as error:
        bench.failures.fails(subject, str(error))
        return _failed(bench, trial, scenario, str(error))
    bench.failures.works(subject)
    return sample


def failing(bench: Bench, trial: Trial) -> str:
    """What a failed trial speaks against: the consumer, alone or with this service."""
    workload, consumer = trial.cell.workload, trial.cell.consumer
    return f"{workload} {consumer}" if workload in bench.plan.services else consumer


def _measure(bench: Bench, trial: Trial, scenario: Scenario) -> Sample:
    with ExitStack() as stack:
        consumer, marker = _start_consumer(bench, trial, scenario, stack)
        stack.callback(_quiet, bench, scenario)
        if scenario.enabled is not None:
            bench.lease.apply(scenario)
        loads = _start_loads(bench, trial, scenario, stack)
        ready = loads.ready
        if ready.session is None or bench.consumers[trial.cell.consumer].by_tree:
            # Forks are not recorded: whoever acts is named, what they start is known by parent.
            for pid in ready.acting_pids:
                consumer.attribute_tree(pid)
        started = set_start(bench, consumer, marker) if scenario.enabled else True
        before, machine_before = bench.client.status(), read_machine()
        bench.timeline, looks = Timeline(before, consumer.pids), QueueLooks(bench.client)
        growth = None if bench.plan.soak is None else Growth(consumer.pids)
        with bench.sampled(ready.acting_pids, consumer.pids):
            with paused(consumer.pids, scenario.stop_after_ms, scenario.stop_for_ms):
                ended = loads.measure(
                    bench.trial_timeout_s,
                    lambda: bench.tick(looks, consumer, growth),
                    stoppable=growth is not None,
                )
            drained = (
                drain(bench, consumer, marker, bench.timeline.add)
                if scenario.enabled
                else NOTHING_QUEUED
            )
        after, machine_after = bench.client.status(), read_machine()
        timeline = bench.timeline.end(after)
        meddling = _meddling(bench)
        _quiet(bench, scenario)
        report = consumer.stop()
        done, received = ended.said, consumer_said(report.document)
        sent = None if drained is None else drained.sent
        stopped = received is not None and received.stopped_reading
        came = started and sent is not None and (stopped or marker_came(received, sent))
    machine = machine_after.delta(machine_before)
    slowdown = bench.speed.take(done, through_ns=drained.through_ns if drained is not None else 0)
    noise = noise_of(done, received, machine, slowdown=slowdown)
    demanded, suppressed = demanded_events(scenario, done)
    circumstances = Circumstances(
        session=done.session,
        demanded=demanded,
        suppressed=suppressed,
        backlog_limit=before.backlog_limit,
        rate_limit=before.rate_limit,
        hold_queue=bench.hold_queue,
        markers_sent=sent,
        other_messages=looks.sent,
        # What a victim of the same login uid makes is none of the load's.
        scoped=ended.victim is None and rules_name_only(scenario, done.auid),
    )
    kernel = audit_delta(before, after, hz=kernel_hz())
    ledger = close_ledger(evidence_of(received, kernel, circumstances))
    beside = received.beside if received is not None else None
    metrics = metrics_of(done, report, received, ledger, kauditd_ns=machine.kauditd_cpu_ns) | noise
    if ended.victim is not None:
        metrics = ended.victim.metrics() | (noise if scenario.alone else metrics)
    if bench.plan.capacity is not None and drained is not None:
        metrics |= searched_metrics(done, drained.through_ns, scenario.rate_per_s)
    return sample_of(
        trial,
        interleaved=scenario.interleaved,
        metrics=metrics,
        ledger=ledger,
        beside_ledger=close_ledger(evidence_of(beside.document, kernel, circumstances))
        if beside is not None
        else None,
        workload_document=ended.document,
        victim_document=ended.victim.document if ended.victim is not None else None,
        consumer_document=report.document,
        status_before=asdict(before),
        status_after=asdict(after),
        backlog_high=max(moment.backlog for moment in timeline),
        timeline=timeline,
        soak=() if growth is None else _soaked(growth, done, ledger, report),
        machine=machine.as_document(),
        invalid_reason=why_invalid(done, drained=came, meddling=meddling)
        or (NOISE_ENDED if ended.ended_early else _victim_failed(ended)),
        disturbance=too_disturbed(noise, bench.plan.invalid),
        warnings=(*_session_warnings(done), *_reading_warnings(trial.cell.consumer, received)),
    )


def _quiet(bench: Bench, scenario: Scenario) -> None:
    """Switch audit off, keeping the rules: nothing more is recorded; the next trial starts so."""
    if scenario.enabled:
        bench.lease.apply(replace(scenario, enabled=0))


def _start_consumer(
    bench: Bench, trial: Trial, scenario: Scenario, stack: ExitStack
) -> tuple[RunningConsumer, str]:
    marker = f"auditbench-sync-{trial.seed:x}-{trial.index}"
    folder = stack.enter_context(scratch_folder(bench.folder))
    setup = ConsumerSetup(
        marker=marker,
        folder=folder,
        binary=bench.binaries.get(trial.cell.consumer),
        cpus=bench.cpus.get("consumer", ()),
        rcvbuf_bytes=scenario.rcvbuf_bytes or bench.rcvbuf_bytes,
        enobufs=scenario.enobufs,
        excluded_types=excluded_types(scenario),
    )
    consumer = bench.consumers[trial.cell.consumer]
    stack.callback(_undo_changes, bench, consumer, scenario)
    running = consumer.start(setup)
    stack.callback(_end_consumer, bench, consumer, running)
    for pid in running.pids:
        bench.lease.register_child(pid)
    return running, marker


def _undo_changes(bench: Bench, consumer: Consumer, scenario: Scenario) -> None:
    """Undo a foreign consumer's changes to rules and limits, whether it ended or failed."""
    if consumer.changes and scenario.enabled is not None:
        if consumer.registers:
            bench.lease.clear_stale_daemon()
        bench.lease.apply(replace(scenario, enabled=0))


def _end_consumer(bench: Bench, consumer: Consumer, running: RunningConsumer) -> None:
    running.end()
    for pid in running.pids:
        bench.lease.forget_child(pid)
    if consumer.registers:
        bench.lease.clear_stale_daemon()


def start_worker(bench: Bench, trial: Trial, stack: ExitStack) -> Started:
    """Start the load of a trial's workload."""
    executable = bench.plan.executable_of(trial.cell.workload)
    is_service = trial.cell.workload in bench.plan.services
    timeout_s = SERVICE_READY_TIMEOUT_S if is_service else WORKER_READY_TIMEOUT_S
    words = worker_words(bench, trial)
    return start_load(bench.lease, words, executable, stack, timeout_s=timeout_s)


def _start_loads(bench: Bench, trial: Trial, scenario: Scenario, stack: ExitStack) -> Loads:
    """The noisy load, unless the victim is to be alone, and the victim, where there is one."""
    noisy = None if scenario.alone else start_worker(bench, trial, stack)
    if bench.plan.victim is None:
        burst = BURST in scenario.workload_options
        return Loads(noisy, tick_s=BURST_TICK_S if burst else TICK_S)
    words = victim_words(bench.plan.victim, trial.ops, bench.plan.auid).words("--control")
    return Loads(noisy, start_load(bench.lease, words, None, stack))


def worker_words(bench: Bench, trial: Trial) -> list[str]:
    """The words of the command that loads the machine for one trial."""
    more = ["--control"]
    workers = bench.plan.scenario_of(trial.cell).workers
    if cpus := bench.cpus.get("workload"):
        # A scenario with a number of its own is compared with others: a CPU for each worker.
        more += ["--cpu", ",".join(map(str, cpus[:workers]))]
    if (full_ns := bench.speed.full_ns()) is not None:
        more += ["--full-speed-ns", str(full_ns)]
    return bench.plan.worker_words(trial.cell, trial.ops).words(*more)


def _soaked(
    growth: Growth, done: WorkerDocument, ledger: Ledger, report: ConsumerReport
) -> tuple[SoakMoment, ...]:
    known = ledger.complete is not None and ledger.partial is not None
    events = (ledger.complete or 0) + (ledger.partial or 0) if known else None
    return growth.moments(done.loop_start_ns, done.loop_end_ns, events, report)


def _victim_failed(ended: Done) -> str:
    """What went wrong with the victim's operations; empty where nothing did."""
    if ended.victim is None or not ended.victim.said.failures:
        return ""
    return f"of the victim, {why_invalid(ended.victim.said, drained=True, meddling='')}"


def _session_warnings(document: WorkerDocument) -> tuple[str, ...]:
    """How the load's events are told from others', where it is not as asked for."""
    reason = document.session_reason
    if document.session is None:
        return (f"events are told from others' by the process tree, not by session ({reason})",)
    return (f"{LOGIN_WARNING}{document.auid} ({reason})",) if reason else ()


def _reading_warnings(name: str, received: ConsumerDocument | None) -> Iterator[str]:
    """Which listeners stopped reading."""
    beside = None if received is None else received.beside
    listeners = {name: received}
    if beside is not None:
        listeners[f"{name} ({beside.name})"] = beside.document
    for listener, document in listeners.items():
        if document is not None and document.stopped_reading:
            yield f"{listener} took nothing any more once its socket had been full"


def _meddling(bench: Bench) -> str:
    """Changes by others to the state in force; a guard that died has been replaced."""
    findings = [finding for finding in bench.lease.check() if finding.kind != "guard"]
    return "; ".join(finding.what for finding in findings)


def _failed(bench: Bench, trial: Trial, scenario: Scenario, reason: str) -> Sample:
    nothing = Ledger(generated=None, complete=None, partial=None, lost=None, attribution="none")
    return sample_of(
        trial,
        interleaved=scenario.interleaved,
        metrics={},
        ledger=nothing,
        invalid_reason=reason,
    )
