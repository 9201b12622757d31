"""Looking at the kernel's queue while a load runs, without keeping the load asleep.

Where the queue is over its limit, the kernel lets whoever asks for the status sleep among those who
wait for room, and then wakes one of them only: its `wake_up` of exclusive waiters. If that is who
asked, no record follows, the queue stays empty, and the load sleeps until its whole wait time is
over. A record more, queued by who was woken, makes the kernel wake the next one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from harness.kernel.status import AuditStatus

HANDED_ON = "op=auditbench:look"
SLEPT_S = 0.003
"""Who was answered later than that may have been asleep."""
NEARLY_FULL = 0.5
"""The queue may grow from there over its limit between the answer and the kernel's check."""


class Asking(Protocol):
    """The part of `harness.kernel.client.AuditClient` that is needed."""

    def status(self) -> AuditStatus: ...
    def send_user_message(self, text: str) -> None: ...


@dataclass(slots=True)
class QueueLooks:
    """Looks at the queue, some time apart."""

    client: Asking
    sent: int = 0
    """How many messages that took so far."""
    _owed: bool = False

    def look(self) -> AuditStatus:
        """The status; where this or the last look may have been woken in the place of another,
        that one is woken, too.

        Twice, because the message itself may find the queue full.
        """
        started_s = time.monotonic()
        status = self.client.status()
        slept = time.monotonic() - started_s > SLEPT_S
        limit = status.backlog_limit
        waits = bool(limit and status.backlog_wait_time and status.backlog)
        owes = waits and (slept or status.backlog >= NEARLY_FULL * limit)
        if owes or self._owed:
            self.client.send_user_message(HANDED_ON)
            self.sent += 1
        self._owed = owes
        return status
