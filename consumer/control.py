"""Commands on stdin, signals, and JSON lines on stdout; nothing about records is decided here."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from typing import Any

from consumer.errors import HostUnfitError
from consumer.parent import die_with_parent


def print_line(document: dict[str, Any]) -> None:
    """Print one JSON document on a line of its own, and flush."""
    sys.stdout.write(json.dumps(document, separators=(",", ":")) + "\n")
    sys.stdout.flush()


class Control:
    """The interruptions of the receive loop: signals always, stdin if `commanded`."""

    def __init__(self, *, commanded: bool) -> None:
        self.commanded = commanded
        self.stopped = False
        self._signal_fd, self._wakeup_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._pending = b""

    def install(self) -> None:
        """Make SIGTERM and SIGINT stop the run instead of killing the process."""
        signal.set_wakeup_fd(self._wakeup_fd, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        if self.commanded:
            os.set_blocking(0, False)
            die_with_parent(signal.SIGTERM)
            if _hung_up(0):
                raise HostUnfitError(
                    "the program that started this one has ended",
                    "nothing was changed; start it with its standard input open",
                )

    def _stop(self, number: int, frame: object) -> None:
        self.stopped = True

    def descriptors(self) -> tuple[int, ...]:
        """The descriptors that the receive loop has to watch."""
        return (self._signal_fd, 0) if self.commanded else (self._signal_fd,)

    def commands(self) -> Iterator[list[str]]:
        """The commands received, as words; a closed stdin stops the run."""
        self._drain_signals()
        if not self.commanded:
            return
        try:
            chunk = os.read(0, 65536)
        except BlockingIOError:
            return
        if not chunk:
            self.stopped = True
            return
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").split()

    def _drain_signals(self) -> None:
        try:
            while os.read(self._signal_fd, 4096):
                pass
        except BlockingIOError:
            pass


def _hung_up(descriptor: int) -> bool:
    """Whether the writer of this pipe has gone and left nothing to read."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return any(events == select.POLLHUP for _, events in poller.poll(0))
