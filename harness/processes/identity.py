"""Processes by identity: a pid together with its start time, so that a reused pid is recognised.

Processes are ended and waited for here; which ones is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_POLL_S: Final = 0.005
_PF_EXITING: Final = 0x4
"""Of `enum` in include/linux/sched.h: the process gets rid of memory and files, in this order."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process of this boot: its pid and its start time in clock ticks since boot."""

    pid: int
    start_ticks: int


def identify(pid: int, proc: Path = PROC) -> ProcessId | None:
    """The identity of the process that has `pid` now; None if there is none."""
    fields = _stat(pid, proc)
    return ProcessId(pid, int(fields[19])) if fields else None


def is_alive(process: ProcessId, proc: Path = PROC) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    fields = _stat(process.pid, proc)
    if not fields or int(fields[19]) != process.start_ticks:
        return False
    # A zombie leader with other threads still runs: its files are open.
    return fields[0] not in "ZX" or int(fields[17]) > 1


def is_exiting(pid: int, proc: Path = PROC) -> bool:
    """Whether a process of this pid is on its way out, though its files may still be open."""
    fields = _stat(pid, proc)
    return bool(fields) and (fields[0] in "ZX" or bool(int(fields[6]) & _PF_EXITING))


def pids(proc: Path = PROC) -> list[int]:
    """The pids of all processes there are."""
    return [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal()]


def _stat(pid: int, proc: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state (field 3) on; empty without a process."""
    try:
        text = (proc / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text[text.rindex(")") + 2 :].split()  # the name in brackets may hold anything


def send_signal(process: ProcessId, number: signal.Signals) -> None:
    """Send a signal to this process, never to another that got its pid."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    except OSError:  # before Linux 5.3
        if is_alive(process):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        return
    try:
        if identify(process.pid) == process:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


def wait_gone(processes: Iterable[ProcessId], timeout_s: float) -> list[ProcessId]:
    """Wait until the processes have ended; return those that have not after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    left = [process for process in processes if is_alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_S)
        left = [process for process in left if is_alive(process)]
    return left


def end_processes(
    processes: Iterable[ProcessId], *, grace_s: float, timeout_s: float
) -> list[ProcessId]:
    """End the processes: SIGTERM, after `grace_s` seconds SIGKILL; return those that remain.

    `timeout_s` bounds the wait after SIGKILL: a process that sleeps in the kernel, such as one
    that waits for audit's backlog, dies only when it wakes.
    """
    left = [process for process in processes if is_alive(process)]
    for process in left:
        send_signal(process, signal.SIGTERM)
        send_signal(process, signal.SIGCONT)  # a stopped process takes no SIGTERM
    left = wait_gone(left, grace_s)
    for process in left:
        send_signal(process, signal.SIGKILL)
    return wait_gone(left, timeout_s)
