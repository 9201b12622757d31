"""Everything the supervisor receives, as one stream of messages.

The workers' report pipe, the caller's commands on standard input, and signals; one poll over
all of them, so the supervisor sleeps while the clock runs.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections import deque
from dataclasses import dataclass
from types import FrameType
from typing import Any

STDIN = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    `kind` is `report` (a worker's JSON line, in `report`), `ended` (all workers are gone),
    `command` (a line of the caller's, in `text`), `caller gone`, `signal`, or `late` (nothing
    came in time).
    """

    kind: str
    text: str = ""
    report: dict[str, Any] | None = None


class Inbox:
    """Collects messages; `caller` says whether standard input speaks the control protocol."""

    def __init__(self, *, caller: bool) -> None:
        self._poll = select.poll()
        self._waiting: deque[Message] = deque()
        self._unfinished: dict[int, bytes] = {}
        self._report = -1
        self._wake = self._catch_signals()
        self._watch(self._wake)
        if caller:
            self._watch(STDIN)

    def _watch(self, handle: int) -> None:
        self._unfinished[handle] = b""
        self._poll.register(handle, select.POLLIN)

    def _catch_signals(self) -> int:
        wake, wake_in = os.pipe()
        os.set_blocking(wake_in, False)
        signal.set_wakeup_fd(wake_in)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _wake_up_only)
        return wake

    def hear_workers(self, report: int) -> None:
        """Listen to the workers' pipe, whose other end is closed in this process."""
        self._report = report
        self._watch(report)

    def next(self, *, until: float | None = None) -> Message:
        """The next message; `late` once time.monotonic() has reached `until`."""
        while not self._waiting:
            left_ms = None if until is None else max(0.0, until - time.monotonic()) * 1000
            ready = self._poll.poll(left_ms)
            if not ready and left_ms == 0:
                return Message("late")
            for handle, _ in ready:
                self._read(handle)
        return self._waiting.popleft()

    def _read(self, handle: int) -> None:
        data = os.read(handle, 65536)
        if handle == self._wake:
            self._waiting.append(Message("signal"))
        elif data:
            *lines, self._unfinished[handle] = (self._unfinished[handle] + data).split(b"\n")
            self._waiting.extend(self._letter(handle, line) for line in lines)
        else:
            self._poll.unregister(handle)
            self._waiting.append(Message("caller gone" if handle == STDIN else "ended"))

    def _letter(self, handle: int, line: bytes) -> Message:
        if handle == self._report:
            return Message("report", report=json.loads(line))
        return Message("command", text=line.decode(errors="replace").strip())


def _wake_up_only(number: int, frame: FrameType | None) -> None:
    """Do nothing: the wake-up pipe reports the signal, the handler keeps it from killing."""
