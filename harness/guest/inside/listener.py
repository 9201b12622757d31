"""The consumer of a trial in a guest; the product's own is forked with all that it imports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from consumer.__main__ import main as consume
from harness.guest.inside.child_lines import ForkedChild
from harness.guest.inside.clocks import cpu_ns, run_after_all_others
from harness.guest.order import MARKER, GuestDaemon
from harness.kernel.client import AuditClient

TIMEOUT_S = 60.0
"""Of the guest's own time, in which waiting costs nothing."""
MARKER_TIMEOUT_S = 2.0
_ATTEMPTS = 20
_IN_A_ROW = 2
"""The first closing marker shows that the queue was delivered, the second that what had to be sent
again was, too."""


class Listener(ABC):
    """A running consumer; create it when it is ready, and have it run after all others."""

    def __init__(self, client: AuditClient) -> None:
        self._client = client

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
        return self.await_marker(number)

    @abstractmethod
    def await_marker(self, number: int) -> bool:
        """Whether a marker came; for one that does not tell before its end, whether it rests."""

    @abstractmethod
    def cpu_by_process(self) -> dict[str, int]:
        """The CPU time of its processes by name, which is instructions; exact while they rest."""

    @abstractmethod
    def stop(self) -> dict[str, Any]:
        """Its result; it has ended then."""

    @abstractmethod
    def end(self) -> None:
        """End it, whatever it does."""


StartDaemon = Callable[[GuestDaemon, AuditClient], Listener]
_STARTERS: list[StartDaemon] = []


def daemons_started_by(start: StartDaemon) -> None:
    """Have daemons started by this: their adapters are not known on this floor."""
    _STARTERS[:] = [start]


def start_daemon(daemon: GuestDaemon, client: AuditClient) -> Listener:
    """A daemon that listens; RuntimeError where nothing starts any."""
    if not _STARTERS:
        raise RuntimeError("the order names no module that starts daemons")
    return _STARTERS[0](daemon, client)


class OwnListener(Listener):
    """The product's own consumer; `words` are the command line of `python -m consumer`."""

    def __init__(self, words: Sequence[str], client: AuditClient) -> None:
        super().__init__(client)
        self._child = ForkedChild("consumer", lambda: consume(list(words)))
        self._child.expect("ready", TIMEOUT_S)
        run_after_all_others(self._child.pid)

    def await_marker(self, number: int) -> bool:
        """Whether it has told of the marker."""
        try:
            while self._child.expect("marker", MARKER_TIMEOUT_S)["k"] != number:
                pass
        except TimeoutError:
            return False
        return True

    def cpu_by_process(self) -> dict[str, int]:
        """Its CPU time."""
        return {"consumer": cpu_ns(self._child.pid)}

    def stop(self) -> dict[str, Any]:
        """Its result; it has ended then."""
        self._child.send("stop")
        return self._child.expect("result", TIMEOUT_S)

    def end(self) -> None:
        """End it, whatever it does."""
        self._child.end()
