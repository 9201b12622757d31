"""One trial in a guest: load, kauditd and consumer one after the other on its one CPU.

Where they took turns, each would be counted with the others' switches and cold starts in it. So
the load goes first and nobody else runs (`run_before_all_others`): what it records waits in the
kernel's queue, which is made large enough for all of it. Then kauditd delivers it to the socket of
the consumer, which is held; then the consumer takes it. The load is counted by the monotonic clock,
in chunks (`worker.py`); kauditd and the consumer by their own CPU clocks, read while they sleep.
What stopping and going on costs a consumer that has nothing to take is counted before, and taken
off.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from harness.guest.child_lines import ForkedChild
from harness.guest.clocks import cpu_ns
from harness.guest.listener import TIMEOUT_S, Listener
from harness.guest.order import GuestTrial, Order
from harness.guest.worker import PAUSE_S, run_worker
from harness.kernel.client import AuditClient


def run_trial(
    trial: GuestTrial, order: Order, client: AuditClient, kauditd: int | None
) -> dict[str, Any]:
    """What a trial says: `failed`, or the worker's and the consumer's documents and the counts."""
    listener = Listener(trial.consumer, client) if trial.consumer else None
    try:
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
    listener.hold()
    at_rest_ns = listener.release(PAUSE_S)
    before, kauditd_before_ns = client.status(), cpu_ns(kauditd)
    listener.hold()
    worker.send("go")
    timed = worker.expect("timed", TIMEOUT_S)
    kauditd_ns = _until_delivered(client, kauditd) - kauditd_before_ns
    consumer_ns = listener.release(PAUSE_S) - at_rest_ns
    markers = listener.mark_end() if records else 0
    after = client.status()
    return {
        **timed,
        "kauditd_ns": kauditd_ns,
        "consumer_ns": consumer_ns,
        "markers_sent": markers,
        "status_before": asdict(before),
        "status_after": asdict(after),
        "consumer": listener.stop(),
    }


def _until_delivered(client: AuditClient, kauditd: int) -> int:
    """Wait until kauditd rests with nothing left to deliver, and read its clock."""
    last = -1
    while True:
        time.sleep(PAUSE_S)
        now = cpu_ns(kauditd)
        if now == last and client.status().backlog == 0:
            return now
        last = now
