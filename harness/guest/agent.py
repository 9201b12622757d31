"""The first and only program in a guest: does what its order says, and answers on a serial line.

Each trial puts a state in force as a lease does, and forks a worker with that load. Answers are
JSON lines: `hello`, one `trial` or `refused` for each trial, `done`; or `error`.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import platform
import socket
import struct
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness.errors import AuditbenchError
from harness.guest.jobs import JOB, carry_out
from harness.guest.order import ORDER_FILE, GuestTrial, Order, read_order
from harness.kernel.client import AuditClient
from harness.kernel.lease.apply import StateWriter
from harness.kernel.lease.snapshot import Snapshot
from harness.model.state import AuditState
from workloads.parts.tallies import SharedTallies
from workloads.running.options import parse_options
from workloads.running.session import enter_session

LINE = "/dev/ttyS1"
REBOOT = 0x01234567
"""reboot(2): restart, at which the emulator ends."""
PAUSE_S = 1.0
"""After a change, so that what the kernel puts off is done before anything is counted."""
WARM_UP_CHUNKS = 20
WARM_UP_OPS = 20
SYSCALL_RECORD = 1300
READ_LOG_GROUP = 1
NLMSG_TYPE = struct.Struct("=IH")


class Line:
    """The serial line to the host."""

    def __init__(self, path: str = LINE) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY)
        attributes = termios.tcgetattr(self._descriptor)
        attributes[0] = attributes[1] = attributes[3] = 0  # as it is: no translation, no echo
        termios.tcsetattr(self._descriptor, termios.TCSANOW, attributes)

    def say(self, event: str, **fields: Any) -> None:
        """Send one line, and wait until it is sent."""
        data = json.dumps({"event": event, **fields}).encode() + b"\n"
        while data:
            data = data[os.write(self._descriptor, data) :]
        termios.tcdrain(self._descriptor)


def main() -> None:
    """Carry out the order. A guest has nothing to return to: it ends here."""
    _mount_proc()
    line = Line()
    try:
        _carry_out(line)
    except BaseException as error:
        line.say("error", message=f"{type(error).__name__}: {error}"[:1000])
    os.sync()
    ctypes.CDLL(None).reboot(REBOOT)


def rehearse(workloads: Sequence[str]) -> None:
    """Import all that a worker with these workloads needs.

    Before anything is counted, as the workers are forked from here; and on a host, to see what a
    guest must be given.
    """
    for name in workloads:
        _, info = parse_options([name])
        importlib.import_module(info.module)


def _mount_proc() -> None:
    if ctypes.CDLL(None, use_errno=True).mount(b"proc", b"/proc", b"proc", 0, None):
        raise OSError(ctypes.get_errno(), "proc cannot be mounted")


def _carry_out(line: Line) -> None:
    document = json.loads(Path(ORDER_FILE).read_text(encoding="utf-8"))
    line.say("hello", release=platform.release(), version=platform.version())
    if JOB in document:
        carry_out(document, line.say)
        line.say("done")
        return
    order = read_order(document)
    rehearse(sorted({trial.words[0] for trial in order.trials}))
    time.sleep(order.settle_s)
    with AuditClient() as client, _read_log() as log:
        states = _States(client)
        for trial in order.trials:
            try:
                states.enter(trial.state)
            except AuditbenchError as error:
                line.say("refused", index=trial.index, message=error.one_line())
                continue
            line.say("trial", index=trial.index, **_in_worker(trial, order, log))
    line.say("done")


class _States:
    """The guest's audit. It was enabled once before the first state other than `never`."""

    def __init__(self, client: AuditClient) -> None:
        self._client = client
        self._writer = StateWriter(client, Snapshot.capture(client))
        self._was_enabled = False

    def enter(self, state: AuditState | None) -> None:
        if state is None:
            return
        if not self._was_enabled:
            self._client.set_status("enabled", 1)
            self._was_enabled = True
        self._writer.apply(state)


def _read_log() -> socket.socket:
    """A listener to all records, to see whether a load makes any."""
    log = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
    log.bind((0, READ_LOG_GROUP))
    log.setblocking(False)
    return log


def _records(log: socket.socket) -> int:
    """How many records of system calls came in since the last time; those lost count as one."""
    found = 0
    while True:
        try:
            data = log.recv(65536)
        except BlockingIOError:
            return found
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            found += 1
            continue
        found += NLMSG_TYPE.unpack_from(data)[1] == SYSCALL_RECORD


def _in_worker(trial: GuestTrial, order: Order, log: socket.socket) -> dict[str, Any]:
    """What a new process measures: only such a one has the audit context of the state."""
    reading, writing = os.pipe()
    if (worker := os.fork()) == 0:
        try:
            answer = _measure(trial, order, log)
        except BaseException as error:
            answer = {"failed": f"{type(error).__name__}: {error}"[:1000]}
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        data = answers.read()
    status = os.waitpid(worker, 0)[1]
    return json.loads(data) if data else {"failed": f"the worker ended with status {status}"}


def _measure(trial: GuestTrial, order: Order, log: socket.socket) -> dict[str, Any]:
    """Instructions per operation: of chunks shorter than a tick the median, without the clock's."""
    options, info = parse_options(trial.words)
    load = importlib.import_module(info.module).build(options)
    shared = SharedTallies(1)
    load.prepare(shared, 0)
    shared.touch(0)
    try:
        session = enter_session(options.auid)
        time.sleep(PAUSE_S)
        _records(log)  # those of the session's beginning
        first = load.time_chunks(shared, 0, WARM_UP_CHUNKS, WARM_UP_OPS)
        ops = max(1, round(order.chunk_instructions * WARM_UP_OPS / max(1, min(first))))
        clock = load.time_chunks(shared, 0, order.chunks, 0)
        before = shared.counters(0)
        chunks = load.time_chunks(shared, 0, order.chunks, ops)
        after = shared.counters(0)
        time.sleep(PAUSE_S)
        records = _records(log)
    finally:
        load.clean_up()
    return {
        "ops_per_chunk": ops,
        "chunks": chunks,
        "clock": median(clock),
        "instructions_per_op": (median(chunks) - median(clock)) / ops,
        "failures": after["failures"] - before["failures"],
        "records": records,
        "auid": session.auid,
    }


if __name__ == "__main__":
    main()
