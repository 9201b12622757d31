"""Ending the processes that a load leaves behind, so that none acts in the next trial.

The supervisor adopts orphans: any process that the workers spawned and did not wait for becomes its
child, even if it left the load's process group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Collection

PATIENCE_S = 10.0  # a killed process may still sleep in the kernel, waiting for the backlog


def end_group(leader: int, *, kill: bool) -> int:
    """Wait for `leader`, killed first if `kill`, and end its group; return the wait status."""
    if kill:
        _kill(-leader)
    until = time.monotonic() + PATIENCE_S
    while os.waitid(os.P_PID, leader, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if time.monotonic() > until:
            return signal.SIGKILL
        time.sleep(0.0005)
    _kill(-leader)  # before it is reaped, while its group id cannot be reused
    return os.waitpid(leader, 0)[1]


def end_orphans(helpers: Collection[int] = ()) -> int:
    """Kill and reap the children of this process until there are none; return their number.

    Only those that were still running count. `helpers` are left alone.
    """
    until = time.monotonic() + PATIENCE_S
    killed: set[int] = set()
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        left = [child for child in _children() if child not in helpers]
        if helpers and not left:
            break
        for child in left:
            killed.add(child)
            _kill(child)
        time.sleep(0.0005)
    return len(killed)


def _children() -> list[int]:
    """This process's children; none if the kernel does not list them (CONFIG_PROC_CHILDREN)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as listing:  # noqa: PTH123
            return [int(pid) for pid in listing.read().split()]
    except FileNotFoundError:
        return []


def _kill(target: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)
