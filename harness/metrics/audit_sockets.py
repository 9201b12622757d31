"""What the audit sockets of this network namespace dropped, from `/proc/net/netlink`.

For the registered daemon `drops` counts failed attempts, which the kernel may have repeated; for
a multicast listener each is a record gone that `lost` does not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.host.netlink_sockets import AuditSocket, read_audit_sockets
from harness.host.tree import HostTree


@dataclass(frozen=True, slots=True)
class AuditSockets:
    """The sockets at one moment, without the kernel's own."""

    sockets: tuple[AuditSocket, ...]

    def delta(self, before: AuditSockets) -> list[dict[str, int]]:
        """Of each socket that is there now: its drops since `before`, and what is in its buffer.

        A socket that is new since then brings all its drops.
        """
        earlier = {socket.inode: socket.drops for socket in before.sockets}
        return [
            {
                "port_id": socket.port_id,
                "groups": socket.groups,
                "drops": socket.drops - earlier.get(socket.inode, 0),
                "rmem_bytes": socket.rmem_bytes,
            }
            for socket in self.sockets
        ]


def read_audit_socket_drops(tree: HostTree | None = None) -> AuditSockets:
    """Reads the table; empty where there is no audit socket, or no table."""
    return AuditSockets(read_audit_sockets(tree or HostTree()))
