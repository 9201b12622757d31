"""The audit sockets of this network namespace, and the processes that hold them.

They are read from `/proc/net/netlink` (protocol 9); `Drops` there counts failed deliveries, which
for the registered daemon may have been retried, and for a multicast listener are lost records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.host.tree import HostTree

NETLINK_AUDIT = 9
READLOG_GROUP = 0x1
"""The group bit of AUDIT_NLGRP_READLOG: multicast listeners have it."""


@dataclass(frozen=True, slots=True)
class AuditSocket:
    """One row of `/proc/net/netlink`. `owner_pid` is None if no process shows the socket."""

    port_id: int
    """Signed: the kernel assigns negative ones from a process' second socket on."""
    groups: int
    rmem_bytes: int
    drops: int
    inode: int
    owner_pid: int | None = None
    owner_name: str | None = None

    @property
    def is_listener(self) -> bool:
        """Whether it receives the records by multicast."""
        return bool(self.groups & READLOG_GROUP)


def read_audit_sockets(tree: HostTree, table: str = "/proc/net/netlink") -> tuple[AuditSocket, ...]:
    """All audit sockets except the kernel's own (port 0), without their owners.

    `/proc/PID/net/netlink` is the table of another process' network namespace.
    """
    text = tree.text(table) or ""
    rows = (line.split() for line in text.splitlines()[1:])
    sockets = (_socket(row) for row in rows if len(row) >= 10 and row[1] == str(NETLINK_AUDIT))
    return tuple(socket for socket in sockets if socket.port_id != 0)


def _socket(row: list[str]) -> AuditSocket:
    """The socket of a row: sk, Eth, Pid, Groups, Rmem, Wmem, Dump, Locks, Drops, Inode."""
    return AuditSocket(
        port_id=int(row[2]),
        groups=int(row[3], 16),
        rmem_bytes=int(row[4]),
        drops=int(row[8]),
        inode=int(row[9]),
    )


def owners_of(tree: HostTree, inodes: Iterable[int]) -> dict[int, int]:
    """Socket inode to the pid that holds it; needs root for other users' processes.

    It walks every process' descriptors: milliseconds on a small host, too slow for a trial.
    """
    left = set(inodes)
    found: dict[int, int] = {}
    for pid in tree.pids() if left else ():
        for inode in _socket_inodes(tree, pid) & left:
            found[inode] = pid
            left.discard(inode)
        if not left:
            break
    return found


def _socket_inodes(tree: HostTree, pid: int) -> set[int]:
    links = (tree.link(f"/proc/{pid}/fd/{name}") or "" for name in tree.names(f"/proc/{pid}/fd"))
    return {int(link[8:-1]) for link in links if link.startswith("socket:[")}
