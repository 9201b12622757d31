"""The fill of the kernel's queue and the consumer's socket while a load runs.

A sample costs two small reads, of the audit status and of `/proc/net/netlink`: about 0.2 ms, ten
times a second, on whichever CPU the harness runs. All cells are sampled alike, so the cost is on
both sides of a ratio.
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
    """The part of the kernel's audit status that is used."""

    @property
    def backlog(self) -> int:
        """Records in the queue."""
        ...

    @property
    def lost(self) -> int:
        """Records lost since boot."""
        ...


class Timeline:
    """Collects the moments of one trial, at most MOST_MOMENTS of them however long it lasts.

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
        """Keep this moment, with the current fill of the sockets."""
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
        """All moments in order of time, this one being the last."""
        self.add(status)
        return tuple(self._moments)

    def _halve(self) -> None:
        """Merge every two neighbours into one, so that no peak is lost."""
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
    """Two moments merged: the time and the counter of the later, the peaks of both."""
    unread = [value for value in (earlier.unread_bytes, later.unread_bytes) if value is not None]
    return Moment(
        later.t_ms,
        max(earlier.backlog, later.backlog),
        later.lost,
        max(unread) if unread else None,
    )
