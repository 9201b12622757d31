"""The product's own consumer in a guest: registered as audit daemon, forked with all it imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from consumer.__main__ import main as consume
from harness.guest.inside.child_lines import ForkedChild
from harness.guest.inside.clocks import cpu_ns, run_after_all_others
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
        run_after_all_others(self._child.pid)

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

    @property
    def cpu_ns(self) -> int:
        """Its CPU time, which is instructions; exact while it rests."""
        return cpu_ns(self._child.pid)

    def stop(self) -> dict[str, Any]:
        """Its result; it has ended then."""
        self._child.send("stop")
        return self._child.expect("result", TIMEOUT_S)

    def end(self) -> None:
        """End it, whatever it does."""
        self._child.end()
