"""The markers of a trial: one before the load, from which serials count, and those that close it.

A marker is a message of a program, which the kernel queues behind all that it recorded before. Its
text is a field, `op=MARKER:NUMBER`: Laurel takes messages apart, and one without `=` at the colon.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from harness.consumers.base import RunningConsumer
from harness.consumers.foreign.reassemble import START_NUMBER
from harness.kernel.client import AuditClient
from harness.kernel.status import AuditStatus
from harness.model.stored.documents import ConsumerDocument

START_ATTEMPTS = 100
START_PAUSE_S = 0.05
"""A rate limit admits records again a second after its last window began."""
START_WAITS = 3
"""How often to wait for a start marker that the kernel accepted."""
MARKER_TIMEOUT_S = 1.0
MARKER_ATTEMPTS = 20
QUEUE_TIMEOUT_S = 20.0
QUEUE_POLL_S = 0.01
MARKERS_IN_A_ROW = 2
"""The first marker shows that the main queue was delivered; the second that the retry queue was,
which the kernel empties before each pass over the main queue."""


@dataclass(frozen=True, slots=True)
class Drained:
    """The queues are empty: so many markers were sent, and at `through_ns` of the monotonic clock
    all that was queued before the first of them that came was through.
    """

    sent: int
    through_ns: int


class Sender(Protocol):
    """The owner of the connection to the kernel."""

    @property
    def client(self) -> AuditClient: ...


def set_start(bench: Sender, consumer: RunningConsumer, marker: str) -> bool:
    """Send start markers until one arrives; False if none does.

    The kernel counts a dropped message in `lost` before the sending returns, so a dropped marker is
    sent again without waiting for it. Only the first that arrives is the start.
    """
    _let_the_queue_sink(bench)
    waits = 0
    for _ in range(START_ATTEMPTS):
        lost = bench.client.status().lost
        bench.client.send_user_message(f"op={marker}:{START_NUMBER}")
        if bench.client.status().lost != lost:
            time.sleep(START_PAUSE_S)
            continue
        if consumer.wait_marker(START_NUMBER, MARKER_TIMEOUT_S):
            return True
        waits += 1
        if waits == START_WAITS:
            return False
    return False


def drain(
    bench: Sender,
    consumer: RunningConsumer,
    marker: str,
    look: Callable[[AuditStatus], None] = lambda status: None,
) -> Drained | None:
    """Send sync markers until they show that the queues are empty; None if they never came.

    `look` is called with what is seen of the queue meanwhile.
    """
    _let_the_queue_sink(bench, look)
    came_ns: list[int] = []
    for number in range(1, MARKER_ATTEMPTS + 1):
        sent_ns = time.monotonic_ns()
        bench.client.send_user_message(f"op={marker}:{number}")
        if not consumer.wait_marker(number, MARKER_TIMEOUT_S):
            continue
        came_ns.append(time.monotonic_ns())
        if len(came_ns) == MARKERS_IN_A_ROW:
            # The last went through empty queues: what it took is that of seeing any marker.
            return Drained(number, came_ns[0] - (came_ns[-1] - sent_ns))
    return None


def marker_came(received: ConsumerDocument | None, sent: int) -> bool:
    """Whether the output of a consumer that could not tell before has a marker.

    True also if it never reports markers, or no marker could be sent.
    """
    if received is None or received.markers is None or sent == 0:
        return True
    return bool(received.closing_markers)


def _let_the_queue_sink(
    bench: Sender, look: Callable[[AuditStatus], None] = lambda status: None
) -> None:
    """Wait until there is room for a marker: a refused one would count as lost."""
    deadline = time.monotonic() + QUEUE_TIMEOUT_S
    while time.monotonic() < deadline:
        status = bench.client.status()
        if status.backlog <= status.backlog_limit // 2 or not status.backlog_limit:
            return
        look(status)
        time.sleep(QUEUE_POLL_S)
