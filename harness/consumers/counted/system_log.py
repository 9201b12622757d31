"""In a guest: what daemons write to the system log while they start, which nothing else reads."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import Final

from harness.plain import plain

DEVICE: Final = Path("/dev/log")
_QUEUE: Final = Path("/proc/sys/net/unix/max_dgram_qlen")
_MOST_QUEUED: Final = 4096
"""A writer would wait for room that nobody makes."""
_MOST_BYTES = 8192
_LAST = 3
_HEAD = re.compile(r"<\d{1,3}>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?")
"""Priority and time, as syslog(3) writes them."""


class SystemLog:
    """The socket that syslog(3) writes to. A context manager: it is gone afterwards."""

    def __init__(self, device: Path = DEVICE) -> None:
        self._device = device
        with suppress(OSError):
            _QUEUE.write_text(str(_MOST_QUEUED), encoding="ascii")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(device))
        self._socket.setblocking(False)

    def __enter__(self) -> SystemLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._device.unlink(missing_ok=True)

    def end_in_words(self) -> str:
        """`; its last messages: …` with the end of what was written; empty for nothing."""
        lines: list[str] = []
        while True:
            try:
                data = self._socket.recv(_MOST_BYTES)
            except BlockingIOError:
                break
            text = _HEAD.sub("", data.decode(errors="replace").rstrip("\0\n"), count=1)
            lines += [plain(line.strip()) for line in text.splitlines() if line.strip()]
        return f"; its last messages: {' | '.join(lines[-_LAST:])}" if lines else ""
