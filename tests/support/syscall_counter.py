"""Syscalls counted by the kernel's tracepoints through perf: independent of audit altogether.

Calls are counted, not sampled, and none can be missed. A tracepoint is passed on every call, so
count outside of timed trials. Calls by 32-bit programs are not counted.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from harness.errors import HostUnfitError, UsageError
from harness.host.cpu import read_cpu_facts
from harness.host.instruments import TRACEFS_FOLDERS
from harness.host.perf_event import CounterType, open_counter
from harness.host.tree import HostTree

# New syscalls have the same number on every architecture (since Linux 5.2).
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_FSCONFIG_CMD_CREATE = 6
_CLOEXEC = 1
_IOC_ENABLE, _IOC_DISABLE = 0x2400, 0x2401
_REMEDY = "run it as root with a kernel that has CONFIG_FTRACE_SYSCALLS and CONFIG_PERF_EVENTS"


class SyscallCounter:
    """Counts entries of one syscall while its context is open: `with SyscallCounter("connect")`.

    With `pid`, those of that process and the processes it forks from then on; otherwise of all
    processes. `count` can be read at any time, and stays after the end. Raises HostUnfitError if
    the kernel offers no such tracepoint.
    """

    def __init__(self, syscall: str, *, pid: int | None = None) -> None:
        if not syscall.replace("_", "").isalnum():
            raise UsageError(f"{syscall!r} is not a syscall name", remedy="write it as connect")
        self._syscall = syscall
        self._pid = pid
        self._counters: list[int] = []
        self._final = 0
        self._stack = ExitStack()

    @property
    def count(self) -> int:
        """Calls so far."""
        return sum(map(_read, self._counters)) if self._counters else self._final

    def __enter__(self) -> SyscallCounter:
        try:
            with self._stack:
                self._open(tracepoint_id("syscalls", f"sys_enter_{self._syscall}"))
                self._stack = self._stack.pop_all()
        except OSError as error:
            self._counters = []
            why = error.strerror or str(error)
            raise HostUnfitError(
                f"{self._syscall} calls cannot be counted: {why}", remedy=_REMEDY
            ) from error
        for counter in self._counters:
            fcntl.ioctl(counter, _IOC_ENABLE, 0)
        return self

    def _open(self, event: int) -> None:
        cpus = (-1,) if self._pid is not None else read_cpu_facts(HostTree()).online
        for cpu in cpus:
            counter = open_counter(
                CounterType.TRACEPOINT,
                event,
                pid=-1 if self._pid is None else self._pid,
                cpu=cpu,
                inherit=self._pid is not None,
            )
            self._stack.callback(os.close, counter)
            self._counters.append(counter)

    def __exit__(self, *_: object) -> None:
        for counter in self._counters:
            fcntl.ioctl(counter, _IOC_DISABLE, 0)
        self._final = self.count
        self._counters = []
        self._stack.close()


def _read(counter: int) -> int:
    """The count so far, children included where they are inherited."""
    return int.from_bytes(os.read(counter, 8), sys.byteorder)


def tracepoint_id(group: str, name: str) -> int:
    """The number by which perf knows a tracepoint; OSError if there is none."""
    with _tracefs() as folder:
        return int((folder / "events" / group / name / "id").read_text(encoding="ascii"))


@contextmanager
def _tracefs() -> Iterator[Path]:
    """tracefs where the host has it mounted, else in a private mount that no other process sees."""
    for folder in TRACEFS_FOLDERS:
        if Path(folder, "events").is_dir():
            yield Path(folder)
            return
    mount = _detached_mount("tracefs")
    try:
        yield Path(f"/proc/self/fd/{mount}")
    finally:
        os.close(mount)


def _detached_mount(kind: str) -> int:
    """A descriptor of a mounted filesystem that is attached nowhere; closing it unmounts it."""
    context = _call(_FSOPEN, kind.encode(), _CLOEXEC)
    try:
        _call(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
        return _call(_FSMOUNT, context, _CLOEXEC, 0)
    finally:
        with suppress(OSError):
            os.close(context)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    answer = int(libc.syscall(number, *arguments))
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer
