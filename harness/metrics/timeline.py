"""What the kernel's queue and the consumer's socket looked like while a load ran.

A look costs two small reads, of the audit status and of `/proc/net/netlink`: about 0.2 ms, ten
times a second, on whatever CPU the harness has. All cells are looked at alike, so what it costs is
on both sides of a ratio.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from itertools import pairwise
from typing import Protocol

from harness.host.netlink_sockets import read_audit_sockets
from harness.host.tree import HostTree
from harness.model.run import Moment

MOST_MOMENTS = 200


class Queue(Protocol):
    """What is taken of the kernel's audit status."""

    @property
    def backlog(self) -> int:
        """Records in the queue."""
        ...

    @property
    def lost(self) -> int:
        """Records lost since boot."""
        ...


class Timeline:
    """Collects moments of one trial, at most MOST_MOMENTS of them however long it lasts.

    `before` is the kernel's state at the start; `pids` are the consumer's processes, whose pids
    are the port ids of their audit sockets.
    """

    def __init__(
        self, before: Queue | None = None, pids: Collection[int] = (), tree: HostTree | None = None
    ) -> None:
        self._start_ns = time.monotonic_ns()
        self._lost = 0 if before is None else before.lost
        self._pids = frozenset(pids)
        self._tree = tree or HostTree()
        self._moments: list[Moment] = []
        self._looks, self._stride = 0, 1
        if before is not None:
            self.add(before)

    def add(self, status: Queue) -> None:
        """Keep this moment, with the sockets' fill as it is now."""
        t_ms = (time.monotonic_ns() - self._start_ns) // 1_000_000
        moment = Moment(t_ms, status.backlog, status.lost - self._lost, self._unread_bytes())
        if self._moments and self._looks % self._stride:
            self._moments[-1] = _together(self._moments[-1], moment)
        else:
            self._moments.append(moment)
        self._looks += 1
        if len(self._moments) > MOST_MOMENTS:
            self._halve()

    def end(self, status: Queue) -> tuple[Moment, ...]:
        """All that was kept, in order of time, with this as the last moment."""
        self.add(status)
        return tuple(self._moments)

    def _halve(self) -> None:
        """Two neighbours become one, so that no peak is lost."""
        first, *rest = self._moments
        pairs = [_together(a, b) for a, b in list(pairwise(rest))[::2]]
        self._moments = [first, *pairs]
        self._stride *= 2
        self._looks = 0

    def _unread_bytes(self) -> int | None:
        found = [
            socket.rmem_bytes
            for socket in read_audit_sockets(self._tree)
            if socket.port_id in self._pids
        ]
        return sum(found) if found else None


def _together(earlier: Moment, later: Moment) -> Moment:
    """Both as one: the time and the counter of the later, the peaks of either."""
    unread = [value for value in (earlier.unread_bytes, later.unread_bytes) if value is not None]
    return Moment(
        later.t_ms,
        max(earlier.backlog, later.backlog),
        later.lost,
        max(unread) if unread else None,
    )
