"""The numbers that are compared, from one trial's documents."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import msgspec

from harness.analysis.ledger import Evidence
from harness.consumers.base import ConsumerReport
from harness.metrics.audit import AuditDelta
from harness.metrics.machine import MachineDelta
from harness.model.run import Ledger
from harness.model.stored.documents import (
    ConsumerDocument,
    EventCounts,
    GroupCounts,
    WorkerDocument,
    WorkerLatency,
)


def metrics_of(
    workload: WorkerDocument,
    report: ConsumerReport,
    received: ConsumerDocument | None,
    ledger: Ledger,
    *,
    kauditd_ns: int | None,
) -> dict[str, float]:
    """The metrics of a trial by name; names and units stand in `harness.metrics.catalog`."""
    ops, (user, system) = workload.ops, _worked_ns(workload)
    consumer = report.cpu_user_ns + report.cpu_system_ns
    metrics: dict[str, float] = {
        "elapsed_ns_per_op": workload.elapsed_ns / ops,
        "cpu_workload_user_ns_per_op": user / ops,
        "cpu_workload_system_ns_per_op": system / ops,
        "cpu_workload_ns_per_op": (user + system) / ops,
        "cpu_consumer_ns_per_op": consumer / ops,
        "cpu_total_ns_per_op": (user + system + consumer + (kauditd_ns or 0)) / ops,
    }
    if kauditd_ns is not None:
        metrics["cpu_kauditd_ns_per_op"] = kauditd_ns / ops
    metrics |= _latency(workload.latency)
    metrics |= _counts(ledger)
    own = received.own_count.events if received is not None and received.own_count else None
    if own is not None and "events_received" not in metrics:
        metrics["events_received"] = float(own)
    return metrics | consumer_metrics(report, metrics.get("events_received"))


def _worked_ns(workload: WorkerDocument) -> tuple[int, int]:
    """User and system time without what a fixed rate burnt until the next operation was due.

    The kernel splits user from system by samples, so that the rest may have to come from the other.
    """
    user = workload.user_ns - workload.details.spun_ns
    return max(user, 0), max(workload.system_ns + min(user, 0), 0)


def consumer_metrics(report: ConsumerReport, events: float | None) -> dict[str, float]:
    """A consumer's use of resources and its delay; per event received, if there are any."""
    metrics: dict[str, float] = {}
    if events:
        cpu = report.cpu_user_ns + report.cpu_system_ns
        if cpu:
            metrics["cpu_consumer_ns_per_event"] = cpu / events
        for name, used_ns in report.cpu_by_process.items():
            metrics[f"cpu_process_ns_per_event:{name}"] = used_ns / events
        if report.written_bytes is not None:
            metrics["consumer_written_bytes_per_event"] = report.written_bytes / events
    if report.peak_memory_bytes is not None:
        metrics["consumer_memory_bytes"] = float(report.peak_memory_bytes)
    if report.delays_ms:
        metrics["delay_p50_ms"] = statistics.median(report.delays_ms)
        metrics["delay_max_ms"] = max(report.delays_ms)
    return metrics


def searched_metrics(
    workload: WorkerDocument, through_ns: int, rate: float | None
) -> dict[str, float]:
    """Of a trial that searches for a rate: what was asked for and reached, and how long after the
    load's end all of it was through, at `through_ns` of the monotonic clock.
    """
    metrics = {
        "rate_reached_per_s": workload.ops * 1e9 / workload.elapsed_ns,
        "through_ms": max(through_ns - workload.loop_end_ns, 0) / 1e6,
    }
    return metrics if rate is None else {"rate_per_s": rate, **metrics}


def noise_of(
    workload: WorkerDocument,
    consumer: ConsumerDocument | None,
    machine: MachineDelta,
    *,
    slowdown: float | None = None,
) -> dict[str, float]:
    """The disturbance of a trial, by the names of `harness.metrics.catalog`."""
    noise = machine.noise()
    if slowdown is not None:
        noise["slowdown_percent"] = slowdown
    noise["involuntary_switches"] = float(workload.involuntary_switches)
    if consumer is not None and consumer.involuntary_switches is not None:
        noise["consumer_involuntary_switches"] = float(consumer.involuntary_switches)
    return noise


def _latency(latency: WorkerLatency) -> dict[str, float]:
    found = msgspec.structs.asdict(latency)
    return {f"latency_{name}": float(ns) for name, ns in found.items() if ns is not None}


def _counts(ledger: Ledger) -> dict[str, float]:
    received = None
    if ledger.complete is not None and ledger.partial is not None:
        received = ledger.complete + ledger.partial
    counts = {
        "events_generated": ledger.generated,
        "events_received": received,
        "lost": ledger.lost,
        "socket_drops": ledger.socket_drops,
        "waited_ms": ledger.waited_ms,
    }
    return {name: float(value) for name, value in counts.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The limits under which a trial ran, and the events that its operations should have made.

    `session` is None if the trial's events are recognised by its process tree.
    """

    session: int | None
    demanded: int | None
    suppressed: int | None = 0
    backlog_limit: int | None = None
    rate_limit: int | None = 0
    hold_queue: bool = False
    markers_sent: int | None = None
    other_messages: int = 0
    """User messages that the harness sent besides; which of them came is not known."""
    scoped: bool = False
    """Whether the rules match only the load."""


def evidence_of(
    consumer: ConsumerDocument | None, kernel: AuditDelta, circumstances: Circumstances
) -> Evidence:
    """What a trial knows about its events, from the consumer's and the kernel's counts."""
    if consumer is None or consumer.events is None:
        return Evidence(
            demanded=circumstances.demanded,
            suppressed=circumstances.suppressed,
            complete=None,
            partial=None,
            missing_records=None,
            lost=kernel.lost,
            serial_gaps=None,
            waited_ms=kernel.waited_ms,
            attribution="none",
        )
    events, group = consumer.events, consumer.of_session(circumstances.session)
    calls = group.by_syscall.values()
    complete = sum(call.complete for call in calls)
    partial = sum(call.partial for call in calls)
    can_drop = circumstances.rate_limit != 0 or consumer.socket_drops or consumer.judged
    unnamed, unnamed_records = _unnamed(consumer, events) if can_drop else (0, 0)
    return Evidence(
        demanded=circumstances.demanded,
        suppressed=circumstances.suppressed,
        complete=complete,
        partial=partial,
        missing_records=group.missing_records,
        lost=kernel.lost,
        serial_gaps=None if consumer.serials is None else consumer.serials.gaps,
        records_per_event=_records_per_event(group, complete + partial),
        unnamed=unnamed,
        unnamed_records=unnamed_records,
        foreign_events=events.all - complete - partial - unnamed,
        multicast=consumer.mode == "multicast",
        backlog_limit=circumstances.backlog_limit,
        rate_limit=circumstances.rate_limit,
        hold_queue=circumstances.hold_queue,
        foreign_missing_records=_foreign_missing(consumer, group),
        scoped=circumstances.scoped,
        markers_missing=_markers_missing(consumer, circumstances.markers_sent),
        other_messages=circumstances.other_messages,
        received_records=consumer.records,
        duplicate_records=events.duplicate_records,
        late_records=events.late_records,
        after_marker_events=group.after_marker,
        unreadable_records=consumer.truncated + consumer.malformed,
        socket_drops=consumer.socket_drops,
        enobufs=consumer.enobufs,
        waited_ms=kernel.waited_ms,
        attribution="session" if circumstances.session is not None else "process-tree",
        loses_inside=consumer.judged,
        stopped_reading=consumer.stopped_reading,
    )


def _markers_missing(consumer: ConsumerDocument, sent: int | None) -> int:
    """How many of the closing markers did not come."""
    return 0 if sent is None else max(sent - len(consumer.closing_markers), 0)


def _foreign_missing(consumer: ConsumerDocument, own: GroupCounts) -> int:
    """Records that the events of others lack, as far as a record tells whose they are."""
    missing = sum(group.missing_records for group in consumer.groups.values())
    return max(missing - own.missing_records, 0)


def _unnamed(consumer: ConsumerDocument, events: EventCounts) -> tuple[int, int]:
    """Events that belong to no session because the record that names it is missing.

    Also the records they have. An event outside any session names one too, 4294967295; only events
    of the kernel itself name none. A refused SYSCALL record leaves no records of its event, so
    without other drops the trial has no unnamed events.
    """
    sessions = consumer.groups.values()
    unnamed = events.all - sum(group.events for group in sessions)
    records = (
        consumer.records
        - sum(group.records for group in sessions)
        - events.duplicate_records
        - consumer.anchor_records
        - consumer.malformed
    )
    return max(unnamed, 0), max(records, 0) if unnamed > 0 else 0


def _records_per_event(group: GroupCounts, events: int) -> int | None:
    """The records that each event of the group has when whole; None where they differ."""
    received = sum(call.records for call in group.by_syscall.values())
    if not events:
        return None
    size, rest = divmod(received + group.missing_records, events)
    return None if rest else size
