"""Whether processes sleep for room in the backlog, looked up again and again while a load runs.

The kernel adds up the waiting of all processes in one counter; whose it was, only the processes
themselves show: one that sleeps in `audit_log_start` waits for room. Their `/proc/PID/wchan` is
opened once, before the load, so that looking makes no call that a rule could record.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

PERIOD_S = 0.005
MOST_BYTES = 128
WAITS_IN = b"audit_"
"""Begins the name of the kernel's function in which a process waits for room; a load sleeps in no
other function of audit's."""


@dataclass(slots=True)
class BacklogWatch:
    """The moments at which it was looked, in ns of the monotonic clock, and how many of the
    processes waited at each.
    """

    processes: int
    moments_ns: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def share(self, start_ns: int, end_ns: int) -> float | None:
        """The share of the time from start to end that the processes waited; None where no look
        fell into that time. What was seen holds up to half way to the looks before and after.
        """
        first, last = bisect_left(self.moments_ns, start_ns), bisect_right(self.moments_ns, end_ns)
        if first == last or end_ns <= start_ns or not self.processes:
            return None
        seen = range(max(first - 1, 0), min(last + 1, len(self.moments_ns)))
        turns = [(self.moments_ns[i] + self.moments_ns[i + 1]) // 2 for i in seen[:-1]]
        edges = [start_ns, *(min(max(turn, start_ns), end_ns) for turn in turns), end_ns]
        spans = [after - before for before, after in pairwise(edges)]
        waited = sum(span * self.waiting[i] for span, i in zip(spans, seen, strict=True))
        return waited / ((end_ns - start_ns) * self.processes)


@contextlib.contextmanager
def watched(pids: Iterable[int], proc: Path = Path("/proc")) -> Iterator[BacklogWatch]:
    """Watch these processes in the block, on a thread of its own: the kernel may make a caller
    that reads the audit status wait. Those that cannot be watched are left out.
    """
    files = [handle for pid in pids if (handle := _opened(proc / str(pid) / "wchan")) is not None]
    watch, over = BacklogWatch(len(files)), threading.Event()
    thread = threading.Thread(target=_look, args=(watch, files, over), daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
        for handle in files:
            os.close(handle)


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def _look(watch: BacklogWatch, files: list[int], over: threading.Event) -> None:
    while True:
        watch.moments_ns.append(time.monotonic_ns())
        watch.waiting.append(sum(map(_waits, files)))
        if over.wait(PERIOD_S):
            return


def _waits(handle: int) -> bool:
    """Whether the process waits; one that has ended does not."""
    try:
        return os.pread(handle, MOST_BYTES, 0).startswith(WAITS_IN)
    except OSError:
        return False
