"""The processes a run has started, on disk: they are ended before the state is restored.

A child is recorded by pid and start time the moment it is registered, so that neither a
dying harness nor a restarted guard forgets it. Nothing is synced: the file must outlast
processes, not the machine.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError
from harness.files.reading import read_as_root
from harness.processes.identity import ProcessId, identify

_LINE: Final = re.compile(rb"([+-]) *([1-9][0-9]{0,6}) +([0-9]{1,18})")
_MOST_PIDS: Final = 1 << 22
"""PID_MAX_LIMIT of the kernel."""


class ChildRegister:
    """The register of the running lease; starts empty."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._path = path
        self._known: dict[int, ProcessId] = {}
        try:
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            raise HostUnfitError(
                f"cannot write {path} ({error.strerror})", remedy=f"free space on {path.parent}"
            ) from None

    def add(self, pid: int) -> None:
        """Record process `pid`; one that has already ended is ignored."""
        process = identify(pid)
        if process is not None:
            self._known[pid] = process
            self._append("+", process)

    def forget(self, pid: int) -> None:
        """Strike process `pid` out; one that was never added is ignored."""
        process = self._known.pop(pid, None)
        if process is not None:
            self._append("-", process)

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, sign: str, process: ProcessId) -> None:
        line = f"{sign}{process.pid} {process.start_ticks}\n".encode()
        try:
            os.write(self._descriptor, line)
        except OSError as error:
            raise HostUnfitError(
                f"cannot write {self._path} ({error.strerror})",
                remedy=f"free space on {self._path.parent}",
            ) from None


def read_children(path: Path) -> list[ProcessId]:
    """The processes recorded and not struck out; a torn or senseless line is skipped."""
    try:
        content = read_as_root(path)
    except (OSError, ValueError):
        return []
    found: dict[ProcessId, None] = {}
    for line in content.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or int(match[2]) >= _MOST_PIDS:
            continue
        process = ProcessId(int(match[2]), int(match[3]))
        if match[1] == b"+":
            found[process] = None
        else:
            found.pop(process, None)
    return list(found)
