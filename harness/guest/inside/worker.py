"""The load of one trial in a guest: one of `workloads`, in a process and a session of its own.

Only a new process has the audit context of the state in force.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness.guest.inside.clocks import run_before_all_others
from harness.guest.order import Order
from workloads.parts.load import Load
from workloads.parts.tallies import SharedTallies
from workloads.running.options import parse_options
from workloads.running.report import result
from workloads.running.session import enter_session

PAUSE_S = 1.0
"""After a change, so that what the kernel puts off is done before anything is counted."""
ROUND = 4
ROUND_PAUSE_S = 0.02
_WARM_UP_CHUNK = 1_000_000
_WARM_UP = 8_000_000
"""Instructions of a chunk of the warm-up, and of all of them, about."""
_WARM_UP_CHUNKS = (3, 20)
_MOST_WARM_UP_OPS = 20


def run_worker(words: Sequence[str], order: Order) -> int:
    """Say `ready`, wait for a line, count, say `timed`, wait for the end of the input."""
    options, info = parse_options(words)
    load: Load = importlib.import_module(info.module).build(options)
    shared = SharedTallies(1)
    load.prepare(shared, 0)
    shared.touch(0)
    try:
        session = enter_session(options.auid)
        time.sleep(PAUSE_S)
        run_before_all_others()
        chunks, ops = _warm_up(load, shared, order)
        clock = load.time_chunks(shared, 0, order.chunks, 0)
        _say("ready")
        os.read(0, 64)
        before = shared.counters(0)
        times = _in_rounds(load, shared, chunks, ops)
        after = shared.counters(0)
        said = result(
            shared,
            workload=info.name,
            identity={
                "exe": str(Path("/proc/self/exe").readlink()),
                "session": session.session,
                "session_reason": session.reason,
                "auid": session.auid,
            },
            rate_per_s=0.0,
            noisy=info.noisy,
            yields=load.yields(info.yields),
            details=load.details(chunks * ops),
        )
        done = {name: after[name] - before[name] for name in ("ops", "failures")}
        _say(
            "timed",
            ops_per_chunk=ops,
            chunks=times,
            clock=median(clock),
            instructions_per_op=(median(times) - median(clock)) / ops,
            worker={**said, **done},
        )
        os.read(0, 64)
    finally:
        load.clean_up()
    return 0


def _in_rounds(load: Load, shared: SharedTallies, chunks: int, ops: int) -> list[int]:
    """The times of all chunks, with pauses in which what they left to others is done."""
    times: list[int] = []
    while len(times) < chunks:
        times += load.time_chunks(shared, 0, min(ROUND, chunks - len(times)), ops)
        time.sleep(ROUND_PAUSE_S)
    return times


def _warm_up(load: Load, shared: SharedTallies, order: Order) -> tuple[int, int]:
    """Chunks and operations per chunk that fit the order, from operations that are not counted."""
    (first,) = load.time_chunks(shared, 0, 1, 1)
    ops = max(1, min(_MOST_WARM_UP_OPS, _WARM_UP_CHUNK // first))
    least, most = _WARM_UP_CHUNKS
    tries = load.time_chunks(shared, 0, max(least, min(most, _WARM_UP // (first * ops))), ops)
    each = max(1.0, min(tries) / ops)
    wanted = max(1, round(order.chunk_instructions / each))
    fitting = order.chunks * order.chunk_instructions / (each * wanted)
    return max(order.least_chunks, min(order.chunks, round(fitting))), wanted


def _say(event: str, **fields: Any) -> None:
    data = json.dumps({"event": event, **fields}).encode() + b"\n"
    while data:
        data = data[os.write(1, data) :]
