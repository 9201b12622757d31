"""This process's privileges, namespaces and tracer, and whether they suffice.

`/proc/self` is read; no privilege is acquired or dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.host.finding import Finding
from harness.host.platform import PlatformFacts
from harness.host.tree import HostTree, keyed_lines

# linux/capability.h; only those that the harness uses.
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
    """Effective capabilities and surroundings of this process; None is unknown."""

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
    """Read `/proc/self/{status,loginuid,ns}`."""
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
    """Whether this is the first network namespace; before Linux 6.18 init's is the reference."""
    inode = _inode(tree, "self", "net")
    if inode is None or inode == _INITIAL_INODES["net"]:
        return None if inode is None else True
    of_init = _inode(tree, "1", "net")
    return None if of_init is None or not pid_initial else inode == of_init


_AS_ROOT = "run it as root (sudo)"


def check(privilege: PrivilegeFacts, platform: PlatformFacts) -> Iterator[Finding]:
    """Check capabilities, namespaces, seccomp and tracer, in this order."""
    yield _control(privilege)
    yield from _lesser_capabilities(privilege)
    yield from _namespaces(privilege, platform)
    yield from _interference(privilege)


def _control(privilege: PrivilegeFacts) -> Finding:
    needed = ("CAP_AUDIT_CONTROL", "CAP_AUDIT_WRITE")
    missing = [name for name in needed if not privilege.can(name)]
    if missing:
        return Finding(
            "privilege",
            "unfit",
            f"{' and '.join(missing)} missing: audit can be neither read nor changed",
            _AS_ROOT,
            "CapEff in /proc/self/status",
        )
    return Finding("privilege", "ok", f"uid {privilege.uid} may control audit")


def _lesser_capabilities(privilege: PrivilegeFacts) -> Iterator[Finding]:
    if not privilege.can("CAP_NET_ADMIN"):
        yield Finding(
            "capability-net-admin",
            "warning",
            "CAP_NET_ADMIN missing: the receive buffer is capped at net.core.rmem_max, and "
            "executions cannot be counted independently",
            f"{_AS_ROOT}, or raise it: sysctl net.core.rmem_max=16777216",
        )
    if not privilege.can("CAP_AUDIT_READ"):
        yield Finding(
            "capability-audit-read",
            "warning",
            "CAP_AUDIT_READ missing: no multicast consumer",
            _AS_ROOT,
        )


def _namespaces(privilege: PrivilegeFacts, platform: PlatformFacts) -> Iterator[Finding]:
    foreign = [
        name
        for name, initial in (
            ("pid", privilege.initial_pid_namespace),
            ("user", privilege.initial_user_namespace),
        )
        if initial is False
    ]
    if foreign:
        inside = f" (container: {platform.container})" if platform.container else ""
        yield Finding(
            "namespaces",
            "unfit",
            f"not in the host's {' and '.join(foreign)} namespace{inside}: the kernel answers no "
            "audit requests from here",
            "run it on the host itself, or in a container with the host's pid and user "
            "namespaces (--pid=host --userns=host --privileged)",
            "/proc/self/ns",
        )
    elif platform.container:
        yield Finding(
            "namespaces",
            "note",
            f"{platform.container_evidence} says container ({platform.container}), but pid and "
            "user namespace are the host's",
            evidence="/proc/self/ns",
        )
    else:
        yield Finding("namespaces", "ok", "the host's own pid and user namespace")
    if privilege.initial_net_namespace is False:
        yield Finding(
            "net-namespace",
            "warning",
            "not in the host's network namespace: a multicast consumer gets no records",
            "run it in the host's network namespace (--network=host), or use unicast",
            "/proc/self/ns/net",
        )


def _interference(privilege: PrivilegeFacts) -> Iterator[Finding]:
    if privilege.seccomp_mode:
        yield Finding(
            "seccomp",
            "warning",
            "a seccomp filter runs on every syscall of the workload, and hides part of audit's "
            "cost: the syscall takes the slow path anyway",
            "start it outside the sandbox that set the filter (container, systemd unit)",
            "Seccomp in /proc/self/status",
        )
    if privilege.tracer_pid:
        yield Finding(
            "tracer",
            "warning",
            f"process {privilege.tracer_pid} traces this one",
            "do not run it under strace or a debugger",
            "TracerPid in /proc/self/status",
        )
