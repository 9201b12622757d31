"""Waiting until the kernel shows that a foreign consumer receives: registered, or listening."""

from __future__ import annotations

from typing import Literal

from harness.consumers.foreign.external import ExternalProcess
from harness.host.netlink_sockets import owners_of, read_audit_sockets
from harness.host.tree import HostTree
from harness.kernel.client import AuditClient

READY_TIMEOUT_S = 30.0


def await_registered(process: ExternalProcess) -> None:
    """Return when the kernel names it as its audit daemon.

    Raises ChildFailedError with its last words if it ends, TimeoutError if time runs out.
    """
    with AuditClient() as client:
        process.wait_until(
            lambda: client.status().pid == process.pid,
            READY_TIMEOUT_S,
            "register as the audit daemon",
        )


def await_listening(process: ExternalProcess) -> None:
    """Return when one of its audit sockets is in the group that gets a copy of every record.

    Raises as `await_registered`.
    """
    process.wait_until(
        lambda: is_listening(process.pid), READY_TIMEOUT_S, "join audit's multicast group"
    )


def await_receiving(process: ExternalProcess) -> Literal["unicast", "multicast"]:
    """Return when it does either of the above, itself or a process that it started: which.

    Raises as `await_registered`.
    """
    with AuditClient() as client:
        mode: Literal["unicast", "multicast"] = "unicast"

        def receives() -> bool:
            nonlocal mode
            family = process.family()
            if client.status().pid in family:
                mode = "unicast"
                return True
            mode = "multicast"
            return any(map(is_listening, family))

        process.wait_until(receives, READY_TIMEOUT_S, "register as the audit daemon or listen")
    return mode


def await_recording(process: ExternalProcess) -> None:
    """Return when audit is on: for a consumer that switches it on itself, and must not do so later.

    Raises as `await_registered`.
    """
    with AuditClient() as client:
        process.wait_until(lambda: client.status().enabled != 0, READY_TIMEOUT_S, "switch audit on")


def is_listening(pid: int, tree: HostTree | None = None) -> bool:
    """Whether this process holds an audit socket that is a member of the multicast group."""
    tree = tree or HostTree()
    sockets = read_audit_sockets(tree, f"/proc/{pid}/net/netlink")
    listening = [socket.inode for socket in sockets if socket.is_listener]
    return pid in owners_of(tree, listening).values()
