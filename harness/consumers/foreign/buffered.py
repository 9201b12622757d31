"""A foreign consumer that holds events back for a while before it writes them."""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path

from harness.consumers.base import ConsumerReport
from harness.consumers.foreign.output_age import tail_of
from harness.consumers.foreign.running import ForeignRunning

POLL_S = 0.05
TAIL_BYTES = 1 << 20


class BufferedRunning(ForeignRunning):
    """It is asked to end only when the last sync marker, and so everything before it, is written.

    If the marker does not appear within `patience_s`, it was lost on the way; the document shows
    that.
    """

    patience_s: float

    _last_marker: int | None = None

    @abstractmethod
    def event_files(self) -> Iterable[Path]:
        """The files of events, in the order in which they were begun."""

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Wait until its processes rest, and remember the marker."""
        self._last_marker = number
        return super().wait_marker(number, timeout_s)

    def stop(self) -> ConsumerReport:
        """Wait until it has written the last marker, then stop it like any other."""
        if self._last_marker is not None:
            self._await_marker(self._last_marker)
        return super().stop()

    def _await_marker(self, number: int) -> None:
        marker = re.compile(re.escape(f"{self.setup.marker}:{number}".encode()) + rb"(?!\d)")
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline and not any(
            marker.search(tail_of(path, TAIL_BYTES)) for path in self.event_files()
        ):
            self.process.refuse_dead()
            time.sleep(POLL_S)
