"""Whether this process may do what a measurement needs, and nothing stands around it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.finding import Finding
from harness.host.platform_facts import PlatformFacts
from harness.host.privilege import PrivilegeFacts

_AS_ROOT = "run it as root (sudo)"


def check(privilege: PrivilegeFacts, platform: PlatformFacts) -> Iterator[Finding]:
    """Capabilities, namespaces, seccomp and tracer, in this order."""
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
