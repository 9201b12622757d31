"""One run per machine: a lock that names its holder. It changes nothing in the kernel.

The lock is an flock on an open file that the guard inherits, so it is free only when the run
and its guard have both ended: no run starts while a dead run's state is still being restored.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from harness.errors import HostUnfitError
from harness.files.reading import read_as_root
from harness.processes.identity import ProcessId, identify, is_alive

_POLL_S: Final = 0.1
_MOST_PIDS: Final = 1 << 22  # PID_MAX_LIMIT of the kernel
_WAIT: Final = "wait for its end; verbs that have --wait do so"
_GUARD_PATIENCE_S: Final = 30.0  # how long to wait for a dead run's guard, even without `wait`


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of the lock: its process, its command line, and since when it holds the lock."""

    process: ProcessId
    command: str
    since: datetime

    def describe(self) -> str:
        """For a message: `pid 123, `auditbench run`, since 12:01`."""
        today = self.since.date() == datetime.now().astimezone().date()
        since = self.since.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")
        return f"pid {self.process.pid}, `{self.command}`, since {since}"


_all: Final[weakref.WeakSet[RunLock]] = weakref.WeakSet()

OnWait = Callable[[Holder | None, float], None]
"""Called repeatedly while a run waits: the holder (None if unknown), seconds waited."""


class RunLock:
    """The lock file at `path`, not yet locked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        _all.add(self)

    def acquire(self, command: str, *, wait: bool = False, on_wait: OnWait | None = None) -> None:
        """Take the lock in the name of this process.

        With `wait`, wait as long as it takes and call `on_wait` ten times a second; without
        it, wait only for the guard of a run that has died. Raises HostUnfitError naming the
        holder.
        """
        self._open()
        started = time.monotonic()
        try:
            while not self._try_lock():
                holder = read_holder(self._path)
                waited_s = time.monotonic() - started
                if not wait:
                    _refuse_unless_dying(holder, waited_s)
                if on_wait is not None:
                    on_wait(holder, waited_s)
                time.sleep(_POLL_S)
            self._write_holder(command)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        """The descriptor that holds the lock; a process that inherits it holds the lock too."""
        return self._descriptor

    def close(self) -> None:
        """Release the lock, as far as this process holds it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._descriptor = os.open(self._path, flags, 0o600)
        except OSError as error:
            raise HostUnfitError(
                f"cannot open {self._path} ({error.strerror})", remedy="run as root"
            ) from None

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _write_holder(self, command: str) -> None:
        process = identify(os.getpid())
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        content = json.dumps(
            {
                "pid": os.getpid(),
                "start_ticks": process.start_ticks if process else 0,
                "command": command,
                "since": since,
            }
        ).encode()
        try:
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, content, 0)
        except OSError as error:
            raise HostUnfitError(
                f"cannot write {self._path} ({error.strerror})",
                remedy=f"free space on {self._path.parent}",
            ) from None


def read_holder(path: Path) -> Holder | None:
    """The last writer of the lock file; None if the file is empty or not understood.

    It is the holder only while the lock is held.
    """
    try:
        document: Any = json.loads(read_as_root(path))
        process = ProcessId(int(document["pid"]), int(document["start_ticks"]))
        since = datetime.fromisoformat(document["since"])
        holder = Holder(process, str(document["command"]), since)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return holder if 0 < process.pid < _MOST_PIDS else None


def holder_of(path: Path) -> Holder | None:
    """The current holder of the lock, even if only its guard is left; None if the lock is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return read_holder(path)
    finally:
        os.close(descriptor)
    return None


def _refuse_unless_dying(holder: Holder | None, waited_s: float) -> None:
    if holder is None:
        if waited_s < 1:
            return  # it has locked and not yet written its name
        raise HostUnfitError("another auditbench run is using this host's audit", remedy=_WAIT)
    if is_alive(holder.process):
        raise HostUnfitError(
            f"another auditbench run is using this host's audit ({holder.describe()})",
            remedy=_WAIT,
        )
    if waited_s >= _GUARD_PATIENCE_S:
        raise HostUnfitError(
            f"the guard of a run that died ({holder.describe()}) is still giving this host's"
            " audit back",
            remedy="try again in a minute",
        )


def _close_in_child() -> None:
    for lock in list(_all):
        lock.close()


# A forked child must not hold the lock of a run that has died.
os.register_at_fork(after_in_child=_close_in_child)
