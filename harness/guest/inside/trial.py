"""One trial in a guest: load, kauditd and consumer one after the other on its one CPU.

Where they took turns, each would be counted with the switches between them. So the load goes
first, and nobody else runs until it sleeps (`run_before_all_others`): what it records waits in the
kernel's queue, which has room for it. Then kauditd delivers all of that to the consumer's socket,
and only then the consumer takes it (`run_after_all_others`). After a round of about a million
instructions the load sleeps so long that both are done: records that were kept longer would make
the kernel ask for new memory all the time, where it usually has that of earlier records.

The load is counted by the monotonic clock, in chunks (`worker.py`). kauditd and the consumer are
counted by their own CPU clocks, read while they sleep.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from harness.guest.inside.child_lines import ForkedChild
from harness.guest.inside.clocks import cpu_ns
from harness.guest.inside.listener import TIMEOUT_S, Listener, OwnListener, start_daemon
from harness.guest.inside.worker import PAUSE_S, run_worker
from harness.guest.order import GuestTrial, Order
from harness.kernel.client import AuditClient


def run_trial(
    trial: GuestTrial,
    order: Order,
    client: AuditClient,
    kauditd: int | None,
    enter: Callable[[], None],
) -> dict[str, Any]:
    """What a trial says: `failed`, or the worker's and the consumer's documents and the counts.

    `enter` puts the trial's state in force again, after a program that may have changed it.
    """
    listener = _listen(trial, client)
    try:
        if trial.daemon is not None and trial.daemon.command is not None:
            enter()
        worker = ForkedChild("load", lambda: run_worker(trial.words, order))
        try:
            if listener is None or kauditd is None:
                return _alone(worker)
            records = trial.state is not None and bool(trial.state.enabled)
            return _heard(worker, listener, client, kauditd, records=records)
        finally:
            worker.end()
    finally:
        if listener is not None:
            listener.end()


def _listen(trial: GuestTrial, client: AuditClient) -> Listener | None:
    if trial.daemon is not None:
        return start_daemon(trial.daemon, client)
    return OwnListener(trial.consumer, client) if trial.consumer else None


def _alone(worker: ForkedChild) -> dict[str, Any]:
    worker.expect("ready", TIMEOUT_S)
    worker.send("go")
    return worker.expect("timed", TIMEOUT_S)


def _heard(
    worker: ForkedChild, listener: Listener, client: AuditClient, kauditd: int, *, records: bool
) -> dict[str, Any]:
    worker.expect("ready", TIMEOUT_S)
    time.sleep(PAUSE_S)
    if records and not listener.mark_start():
        return {"failed": "the marker that begins a trial never came"}
    time.sleep(PAUSE_S)
    before = client.status()
    kauditd_ns, consumer_before = -cpu_ns(kauditd), listener.cpu_by_process()
    worker.send("go")
    timed = worker.expect("timed", TIMEOUT_S)
    time.sleep(PAUSE_S)
    kauditd_ns += cpu_ns(kauditd)
    consumer_ns = {n: ns - consumer_before[n] for n, ns in listener.cpu_by_process().items()}
    markers = listener.mark_end() if records else 0
    after = client.status()
    return {
        **timed,
        "kauditd_ns": kauditd_ns,
        "consumer_ns": sum(consumer_ns.values()),
        "consumer_ns_by_process": consumer_ns,
        "markers_sent": markers,
        "status_before": asdict(before),
        "status_after": asdict(after),
        "consumer": listener.stop(),
    }
