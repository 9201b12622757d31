"""The lines of the eBPF probe: which calls are the load's, and how many were lost.

A line is `TIME SESSION PID PPID SYSCALL RESULT COMM WHAT` (probe.bt). Other lines are bpftrace's
own messages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

SYSCALLS = ("execve", "connect", "bind")
STAMP = re.compile(rb"^(\d{9,11}\.\d{3}) \d+ \d+ ", re.MULTILINE)
"""Seconds since 1970 in group 1, for OutputAge."""
_LINE = re.compile(rb"\d+\.\d{3} (\d+) (\d+) (\d+) (execve|connect|bind) -?\d+ ")
_LOST = re.compile(rb"(?:WARNING: )?Lost (\d+) events")


@dataclass(slots=True)
class ProbeCounts:
    """Calls by process. Lines may come in any order: each CPU has a buffer of its own."""

    lost: int = 0
    """Of all processes: the processes of lost calls are unknown."""
    _calls: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    _parents: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> ProbeCounts:
        """The counts of these lines; a torn or foreign line is skipped."""
        counts = cls()
        for line in lines:
            counts._add(line)
        return counts

    def _add(self, line: bytes) -> None:
        if match := _LINE.match(line):
            session, pid, ppid = map(int, match.group(1, 2, 3))
            self._calls[session, pid, match[4].decode()] += 1
            self._parents[pid] = ppid
        elif match := _LOST.match(line):
            self.lost += int(match[1])

    @property
    def total(self) -> int:
        """Calls of all processes."""
        return self._calls.total()

    def by_syscall(self, sessions: Collection[int], pids: Collection[int]) -> dict[str, int]:
        """Calls in these audit sessions, and of these processes and their descendants.

        A descendant is recognised by its parents, provided that they made a call themselves.
        """
        found = dict.fromkeys(SYSCALLS, 0)
        for (session, pid, syscall), number in self._calls.items():
            if session in sessions or self._descends(pid, pids):
                found[syscall] += number
        return found

    def _descends(self, pid: int, pids: Collection[int]) -> bool:
        seen: set[int] = set()
        while pid not in pids:
            if pid in seen or pid not in self._parents:
                return False
            seen.add(pid)
            pid = self._parents[pid]
        return True


def is_call(line: bytes) -> bool:
    """Whether it is a line of the probe."""
    return STAMP.match(line) is not None


def own_count(by_syscall: Mapping[str, int], lost: int) -> dict[str, Any]:
    """The document of a consumer that keeps no serials: its own count of what it received."""
    return {
        "own_count": {
            "events": sum(by_syscall.values()),
            "lost": lost,
            "by_syscall": dict(by_syscall),
        }
    }
