"""What this process may do, and in which namespaces and under which tracer it does it.

Reads `/proc/self`; acquires and drops nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.host.tree import HostTree, keyed_lines

# linux/capability.h; only those that the harness has a use for.
CAPABILITIES = {
    "CAP_NET_ADMIN": 12,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYS_NICE": 23,
    "CAP_AUDIT_WRITE": 29,
    "CAP_AUDIT_CONTROL": 30,
    "CAP_AUDIT_READ": 37,
    "CAP_PERFMON": 38,
}

# linux/proc_ns.h and nsfs.h: the inode numbers of the first namespaces are fixed.
_INITIAL_INODES = {"user": 0xEFFFFFFD, "pid": 0xEFFFFFFC, "net": 0xEFFFFFF9}


@dataclass(frozen=True, slots=True)
class PrivilegeFacts:
    """Effective capabilities and surroundings of this process; `None` is unknown."""

    uid: int
    capabilities: tuple[str, ...]
    initial_pid_namespace: bool | None
    initial_user_namespace: bool | None
    initial_net_namespace: bool | None
    seccomp_mode: int
    """0 none, 1 strict, 2 filter: a filter runs on every syscall of this process' children."""
    tracer_pid: int
    loginuid: int | None
    """4294967295 is unset."""

    def can(self, capability: str) -> bool:
        """Whether the effective set has `capability`."""
        return capability in self.capabilities


def read_privilege_facts(tree: HostTree) -> PrivilegeFacts:
    """Reads `/proc/self/{status,loginuid,ns}`."""
    status = keyed_lines(tree.text("/proc/self/status"))
    bits = int(status.get("CapEff") or "0", 16)
    pid_initial = _is_initial(tree, "pid")
    return PrivilegeFacts(
        uid=int((status.get("Uid") or "-1 -1").split()[1]),
        capabilities=tuple(name for name, bit in CAPABILITIES.items() if bits >> bit & 1),
        initial_pid_namespace=pid_initial,
        initial_user_namespace=_is_initial(tree, "user"),
        initial_net_namespace=_is_initial_net(tree, pid_initial),
        seccomp_mode=int(status.get("Seccomp") or "0"),
        tracer_pid=int(status.get("TracerPid") or "0"),
        loginuid=tree.number("/proc/self/loginuid"),
    )


def _inode(tree: HostTree, process: str, kind: str) -> int | None:
    found = re.fullmatch(rf"{kind}:\[(\d+)\]", tree.link(f"/proc/{process}/ns/{kind}") or "")
    return int(found.group(1)) if found else None


def _is_initial(tree: HostTree, kind: str) -> bool | None:
    inode = _inode(tree, "self", kind)
    return None if inode is None else inode == _INITIAL_INODES[kind]


def _is_initial_net(tree: HostTree, pid_initial: bool | None) -> bool | None:
    """Kernels before 6.18 give the first network namespace any number: ask init's instead."""
    inode = _inode(tree, "self", "net")
    if inode is None or inode == _INITIAL_INODES["net"]:
        return None if inode is None else True
    of_init = _inode(tree, "1", "net")
    return None if of_init is None or not pid_initial else inode == of_init
