"""The delay of a consumer's output: the age of the newest event in the file it writes."""

from __future__ import annotations

import re
import time
from pathlib import Path

TAIL_BYTES = 64 << 10
AUDIT_STAMP = re.compile(rb"(\d{9,11}\.\d{3}):\d+")
"""Seconds since 1970 with ms, and a serial: as the kernel, auditd and Laurel write it."""


class OutputAge:
    """Looks at the end of a growing file. `stamp` finds the seconds since 1970 in group 1."""

    def __init__(self, path: Path, stamp: re.Pattern[bytes] = AUDIT_STAMP) -> None:
        self.path, self._stamp = path, stamp
        self._size = 0
        self.ages_ms: list[float] = []

    def look(self) -> None:
        """Note the age if the file has grown since the last look."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return
        if size == self._size:
            return
        self._size = size
        with self.path.open("rb") as file:
            file.seek(max(size - TAIL_BYTES, 0))
            stamps = self._stamp.findall(file.read(TAIL_BYTES))
        if stamps:
            self.ages_ms.append((time.time() - float(stamps[-1])) * 1000)

    def size(self) -> int:
        """Bytes written by the last look at the file system."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0
