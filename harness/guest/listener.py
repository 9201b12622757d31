"""The product's own consumer in a guest: registered as audit daemon, forked with all it imports.

It can be held: a stopped consumer takes nothing, what kauditd delivers stays in its socket.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from consumer.__main__ import main as consume
from harness.guest.child_lines import ForkedChild
from harness.guest.clocks import cpu_ns
from harness.guest.order import MARKER
from harness.kernel.client import AuditClient

TIMEOUT_S = 60.0
"""Of the guest's own time, in which waiting costs nothing."""
_MARKER_TIMEOUT_S = 2.0
_ATTEMPTS = 20
_IN_A_ROW = 2
"""The first closing marker shows that the queue was delivered, the second that what had to be sent
again was, too."""


class Listener:
    """A running consumer; `words` are the command line of `python -m consumer`."""

    def __init__(self, words: Sequence[str], client: AuditClient) -> None:
        self._client = client
        self._child = ForkedChild("consumer", lambda: consume(list(words)))
        self._child.expect("ready", TIMEOUT_S)

    def mark_start(self) -> bool:
        """Have it count from here on; False where no marker came."""
        return any(self._mark(0) for _ in range(_ATTEMPTS))

    def mark_end(self) -> int | None:
        """How many markers were sent until all that was recorded has come; None if it never did."""
        arrived = 0
        for number in range(1, _ATTEMPTS + 1):
            arrived += self._mark(number)
            if arrived == _IN_A_ROW:
                return number
        return None

    def _mark(self, number: int) -> bool:
        self._client.send_user_message(f"op={MARKER}:{number}")
        try:
            while self._child.expect("marker", _MARKER_TIMEOUT_S)["k"] != number:
                pass
        except TimeoutError:
            return False
        return True

    def hold(self) -> None:
        """Stop it, and return when it has stopped."""
        self._child.signal(signal.SIGSTOP)
        os.waitpid(self._child.pid, os.WUNTRACED)

    def release(self, rest_s: float) -> int:
        """Let it take all that waits for it until it rests; the instructions of that."""
        start = last = cpu_ns(self._child.pid)
        self._child.signal(signal.SIGCONT)
        while True:
            time.sleep(rest_s)
            if (now := cpu_ns(self._child.pid)) == last:
                return now - start
            last = now

    def stop(self) -> dict[str, Any]:
        """Its result; it has ended then."""
        self._child.send("stop")
        return self._child.expect("result", TIMEOUT_S)

    def end(self) -> None:
        """End it, whether it was stopped or not."""
        self._child.signal(signal.SIGCONT)
        self._child.end()
