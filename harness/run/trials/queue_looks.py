"""Looking at the kernel's queue while a load runs, without keeping the load asleep.

Where the queue is over its limit, the kernel lets whoever asks for the status sleep among those who
wait for room, and then wakes one of them only: its `wake_up` of exclusive waiters. If that is who
asked, no record follows, the queue stays empty, and the load sleeps until its whole wait time is
over. A record more, queued by who was woken, makes the kernel wake the next one.
"""

from __future__ import annotations

import time
from typing import Protocol

from harness.kernel.status import AuditStatus

HANDED_ON = "op=auditbench:look"
SLEPT_S = 0.003
"""A message that took longer was asleep itself, and may have taken another's turn."""
MOST_MESSAGES = 20


class Asking(Protocol):
    """The part of `harness.kernel.client.AuditClient` that is needed."""

    def status(self) -> AuditStatus: ...
    def send_user_message(self, text: str) -> None: ...


def look_at_queue(client: Asking) -> AuditStatus:
    """The status; where who asked may have been woken in the place of another, that one is, too."""
    status = client.status()
    if status.backlog_wait_time and 0 < status.backlog_limit <= status.backlog:
        for _ in range(MOST_MESSAGES):
            started_s = time.monotonic()
            client.send_user_message(HANDED_ON)
            if time.monotonic() - started_s < SLEPT_S:
                break
    return status
