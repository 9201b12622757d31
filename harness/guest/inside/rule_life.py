"""What loading a rule set and deleting it costs, inside a guest.

Rule by rule, as auditctl does, while nothing is recorded. Counted is what the kernel does within
each send, by the clock of the thread's own CPU time, which stands still while the kernel waits.
What this Python needs between two readings of the clock is taken off.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from harness.errors import AuditbenchError
from harness.kernel.client import AuditClient
from harness.kernel.lease.rule_plan import arrange
from harness.kernel.netlink import open_audit_socket

REPEATS: Final = 3
_CALIBRATIONS: Final = 51


class TimedSocket(socket.socket):
    """A socket that adds up the CPU time of its sends, in nanoseconds: instructions, in a guest."""

    cpu_ns = 0
    sends = 0

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send, and add what it took."""
        before = time.thread_time_ns()
        sent = super().send(data, flags)
        self.cpu_ns += time.thread_time_ns() - before
        self.sends += 1
        return sent

    def idle_ns(self) -> float:
        """What a send takes that does nothing in the kernel."""
        took = []
        for _ in range(_CALIBRATIONS):
            before = time.thread_time_ns()
            super().fileno()
            took.append(time.thread_time_ns() - before)
        return median(took)

    def taken(self) -> float:
        """Instructions since the last time, without those of the measurement."""
        taken = self.cpu_ns - self.sends * self.idle_ns()
        self.cpu_ns = self.sends = 0
        return taken


def measure_life(rules: Sequence[bytes]) -> dict[str, Any]:
    """Instructions to load these rules' payloads and to delete them; none must be in force.

    Empty where the kernel refuses one; none is in force afterwards.
    """
    loads, deletes = [], []
    with timed_socket() as timed, AuditClient(lambda: timed) as client:
        for _ in range(REPEATS):
            loaded = _load(client, arrange(rules))
            loads.append(timed.taken())
            for rule in loaded:
                client.delete_rule(rule)
            deletes.append(timed.taken())
            if len(loaded) < len(rules):
                return {}
    return {"rules": len(rules), "load": median(loads), "delete": median(deletes)}


def _load(client: AuditClient, rules: Sequence[bytes]) -> list[bytes]:
    """Load the rules up to the first that is refused; those that are in force."""
    loaded = []
    for rule in rules:
        try:
            client.add_rule(rule)
        except AuditbenchError:
            break
        loaded.append(rule)
    return loaded


def timed_socket() -> TimedSocket:
    """A control socket whose sends are timed."""
    opened = open_audit_socket()
    return TimedSocket(opened.family, opened.type, opened.proto, fileno=opened.detach())
