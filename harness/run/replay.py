"""The plan `replay`: the consumer's cost on a recorded capture, without kernel audit.

A feeder sends the capture's records through a socket pair, the consumer receives them at each of
its depths. The socket holds the feeder back if the consumer is slower, so nothing is lost; the
consumer is measured, not this host's kernel.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.counted import counted
from harness.files.scratch import scratch_folder
from harness.metrics.machine import read_machine
from harness.model.run import Ledger, Sample, Trial
from harness.model.stored.documents import ConsumerDocument, WorkerDocument
from harness.processes.line_process import ChildFailedError, LineProcess, module_command
from harness.run.plan.plan import Plan
from harness.run.trials.metrics import noise_of
from harness.run.trials.said import said, worker_said
from harness.run.trials.sample import sample_of
from harness.run.trials.speed import Speed
from harness.run.trials.validity import too_disturbed
from harness.run.trials.worker_words import rate_of

CAPTURE = Path(__file__).parent.parent / "scenarios" / "reference.auditcap.gz"
"""Recorded from a real kernel by `auditbench record`."""

READY_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class ReplayBench:
    """The state that all trials of a replay share."""

    plan: Plan
    cpus: Mapping[str, tuple[int, ...]]
    trial_timeout_s: float
    capture: Path = CAPTURE
    speed: Speed = field(default_factory=Speed)


def replay_trial(bench: ReplayBench, trial: Trial) -> Sample:
    """Measure one trial; an error makes the sample invalid, not the run."""
    started_at, start_ns = datetime.now(UTC), time.monotonic_ns()
    metrics: dict[str, float] = {}
    ledger = Ledger(generated=None, complete=None, partial=None, lost=None, attribution="none")
    documents: dict[str, Any] = {}
    reason = disturbance = ""
    try:
        before = read_machine()
        feeder, consumer = _feed(bench, trial)
        sent, received = worker_said(feeder), said("consumer", consumer, ConsumerDocument)
        machine = read_machine().delta(before)
        noise = noise_of(sent, received, machine, slowdown=bench.speed.take(sent))
        metrics, ledger = _metrics(sent, received) | noise, _ledger(received)
        documents = {
            "workload_document": feeder,
            "consumer_document": consumer,
            "machine": machine.as_document(),
        }
        if sent.ops != received.records:
            records = counted(sent.ops, "record was", "records were")
            reason = f"{records} sent and {received.records:,} received"
        disturbance = too_disturbed(noise, bench.plan.invalid)
    except (ChildFailedError, TimeoutError) as error:
        reason = str(error)
    return sample_of(
        trial,
        started_at=started_at.isoformat(timespec="milliseconds"),
        duration_ns=time.monotonic_ns() - start_ns,
        metrics=metrics,
        ledger=ledger,
        invalid_reason=reason,
        disturbance=disturbance,
        **documents,
    )


def _feed(bench: ReplayBench, trial: Trial) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run feeder and consumer over one socket pair; return both documents."""
    with ExitStack() as stack:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.callback(ours.close)
        stack.callback(theirs.close)
        folder = stack.enter_context(scratch_folder())
        consumer = _start(
            stack, "consumer", _consumer_command(bench, trial, theirs, folder), theirs
        )
        consumer.expect("ready", timeout_s=READY_TIMEOUT_S)
        feeder = _start(stack, "workload", _feeder_command(bench, trial, ours), ours)
        feeder.expect("ready", timeout_s=READY_TIMEOUT_S)
        feeder.send("go")
        sent = feeder.expect("result", timeout_s=bench.trial_timeout_s)
        feeder.end()
        # The last sender's end is the end of the stream, which the consumer drains up to.
        ours.close()
        received = consumer.expect("result", timeout_s=bench.trial_timeout_s)
    return sent, received


def _start(
    stack: ExitStack, name: str, command: list[str], inherited: socket.socket
) -> LineProcess:
    process = LineProcess(name, command, pass_fds=(inherited.fileno(),))
    stack.callback(process.end)
    return process


def _consumer_command(
    bench: ReplayBench, trial: Trial, theirs: socket.socket, folder: Path
) -> list[str]:
    words = ["--control", "--mode", "fd", "--fd", str(theirs.fileno())]
    words += ["--depth", trial.cell.consumer]
    if trial.cell.consumer == "store":
        words += ["--store", str(folder / "audit.log")]
    return module_command("consumer", *words, *_cpu_words(bench, "consumer"))


def _feeder_command(bench: ReplayBench, trial: Trial, ours: socket.socket) -> list[str]:
    words = ["replay", "--control", "--fd", str(ours.fileno()), "--ops", str(trial.ops)]
    words += ["--capture", str(bench.capture), "--no-session"]
    if (rate := rate_of(trial.cell.scenario)) is not None:
        words += ["--rate", str(rate)]
    if (full_ns := bench.speed.full_ns()) is not None:
        words += ["--full-speed-ns", str(full_ns)]
    return module_command("workloads", *words, *_cpu_words(bench, "workload"))


def _cpu_words(bench: ReplayBench, role: str) -> list[str]:
    cpus = bench.cpus.get(role, ())
    return ["--cpu", ",".join(map(str, cpus))] if cpus else []


def _metrics(sent: WorkerDocument, received: ConsumerDocument) -> dict[str, float]:
    """Per record: here a record is what an operation is elsewhere."""
    records = sent.ops
    consumer = received.cpu_user_ns + received.cpu_system_ns
    return {
        "elapsed_ns_per_op": sent.elapsed_ns / records,
        "cpu_consumer_ns_per_op": consumer / records,
        "cpu_workload_ns_per_op": (sent.cpu_user_ns + sent.cpu_system_ns) / records,
    }


def _ledger(received: ConsumerDocument) -> Ledger:
    nothing = Ledger(
        generated=None,
        complete=None,
        partial=None,
        lost=None,
        received_records=received.records,
        attribution="none",
    )
    if (events := received.events) is None:
        return nothing
    return replace(
        nothing,
        complete=events.complete,
        partial=events.partial,
        duplicate_records=events.duplicate_records,
        late_records=events.late_records,
    )
