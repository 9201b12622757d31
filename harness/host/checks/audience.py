"""Who else takes part in audit on this host: the registered daemon, listeners, other programs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.audience_facts import AudienceFacts
from harness.host.audit_view import AuditView, Registered
from harness.host.finding import Finding

_STOP_AUDITD = "auditctl --signal stop (or: service auditd stop)"
_MASK_JOURNALD = "systemctl mask --now systemd-journald-audit.socket"


def check(audience: AudienceFacts, view: AuditView) -> Iterator[Finding]:
    """Registered daemon, multicast listeners, journald's unit, programs that consume audit."""
    if view.status is not None:
        yield _registered(view.registered)
    yield from _listeners(audience)
    yield _journald(audience)
    yield from _programs(audience, view)


def _registered(registered: Registered | None) -> Finding:
    """The daemon that the kernel names, and whether it is still there.

    The kernel forgets a dead daemon only at the next record that it cannot deliver, so a process
    without an audit socket, or none at all, means that its entry is stale.
    """
    name, evidence = "registered-daemon", "AUDIT_GET, /proc/PID/net/netlink"
    if registered is None:
        return Finding(name, "ok", "nobody is registered", evidence="AUDIT_GET")
    if not registered.alive:
        gone = "is gone" if registered.name is None else f"({registered.name}) has no audit socket"
        return Finding(
            name,
            "warning",
            f"the kernel's daemon is pid {registered.pid}, which {gone}: a stale entry",
            "nothing to do: the next registration replaces it",
            evidence,
        )
    stop = _STOP_AUDITD if registered.name == "auditd" else f"stop it: kill {registered.pid}"
    return Finding(
        name,
        "unfit",
        f"{registered.name} is registered (pid {registered.pid}, {registered.exe}): only one "
        "daemon gets the records",
        f"{stop}; or let the run borrow its place and start it again: --borrow",
        evidence,
    )


def _listeners(audience: AudienceFacts) -> Iterator[Finding]:
    for socket in audience.listeners:
        owner = f"{socket.owner_name or 'unknown process'} (pid {socket.owner_pid or '?'})"
        journald = socket.owner_name == "systemd-journal"
        drops = f"; it dropped {socket.drops} records so far" if socket.drops else ""
        yield Finding(
            "multicast-listener",
            "warning",
            f"{owner} gets a copy of every record: kernel and listener pay for it in every "
            f"trial{drops}",
            _MASK_JOURNALD if journald else f"stop it while measuring (pid {socket.owner_pid})",
            "/proc/net/netlink",
        )


def _journald(audience: AudienceFacts) -> Finding:
    name = "journald-audit-socket"
    if not audience.systemd_runs:
        return Finding(name, "ok", "systemd does not run here")
    if audience.journald_unit != "present":
        return Finding(name, "ok", f"systemd-journald-audit.socket is {audience.journald_unit}")
    return Finding(
        name,
        "note",
        "systemd-journald-audit.socket is installed: journald may join at any restart, and may "
        "enable audit at boot",
        f"{_MASK_JOURNALD}, and Audit=no in journald.conf",
    )


def _programs(audience: AudienceFacts, view: AuditView) -> Iterator[Finding]:
    """Known consumers that run; the registered one and the listeners were named already."""
    named = {socket.owner_pid for socket in audience.listeners}
    if view.status is not None:
        named.add(view.status.pid)
    others = [
        process
        for process in audience.processes
        if process.pid not in named and process.name != "systemd-journal"
    ]
    for process in others:
        yield Finding(
            "other-consumer",
            "warning",
            f"{process.product} runs (pid {process.pid}): it may register, load rules or trace "
            "syscalls in the middle of a run",
            "stop it while measuring",
            f"/proc/{process.pid}",
        )
    if not others:
        yield Finding("other-consumer", "ok", "no other audit consumer runs")
