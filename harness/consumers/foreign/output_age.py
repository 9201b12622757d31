"""The delay of a consumer's output: the age of the newest event in the file it writes."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from harness.files.reading import open_as_root
from harness.processes.line_process import ChildFailedError

TAIL_BYTES = 64 << 10
AUDIT_STAMP = re.compile(rb"(\d{9,11}\.\d{3}):\d+")
"""Seconds since 1970 with ms, and a serial: as the kernel, auditd and Laurel write it."""


class OutputAge:
    """Looks at the end of a growing file. `stamp` finds the seconds since 1970 in group 1."""

    def __init__(self, path: Path, stamp: re.Pattern[bytes] = AUDIT_STAMP) -> None:
        self.path, self._stamp = path, stamp
        self._size = 0
        self.ages_ms: list[float] = []
        self.at_ns: list[int] = []
        """When each was noted, by the monotonic clock."""

    def look(self) -> None:
        """Note the age if the file has grown since the last look."""
        try:
            size = self.path.lstat().st_size
        except FileNotFoundError:
            return
        if size == self._size:
            return
        self._size = size
        newest_s = self.newest_s(tail_of(self.path, TAIL_BYTES))
        if newest_s is not None:
            self.ages_ms.append((time.time() - newest_s) * 1000)
            self.at_ns.append(time.monotonic_ns())

    def newest_s(self, tail: bytes) -> float | None:
        """The time of the newest event in the end of the file, in seconds since 1970."""
        stamps = self._stamp.findall(tail)
        return float(stamps[-1]) if stamps else None

    def size(self) -> int:
        """Bytes written by the last look at the file system."""
        try:
            return self.path.lstat().st_size
        except FileNotFoundError:
            return 0


def tail_of(path: Path, most_bytes: int) -> bytes:
    """The end of a file; empty where there is none.

    Raises ChildFailedError for a link, a FIFO or a device: a program may put anything there.
    """
    try:
        descriptor = open_as_root(path)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ChildFailedError(f"{path.name} cannot be read ({error.strerror})") from None
    with os.fdopen(descriptor, "rb") as file:
        file.seek(max(os.fstat(descriptor).st_size - most_bytes, 0))
        return file.read(most_bytes)
