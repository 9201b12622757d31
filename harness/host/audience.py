"""Other users of audit on this host: the registered daemon, listeners, known consumers.

The processes are named here; the kernel says which one is registered (`audit_view`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from harness.counted import counted
from harness.host.audit_view import AuditView, Registered
from harness.host.finding import Finding
from harness.host.netlink_sockets import AuditSocket, owners_of, read_audit_sockets
from harness.host.tree import HostTree

# By the kernel's `comm`, which is cut at 15 bytes.
KNOWN_CONSUMERS = {
    "auditd": "auditd",
    "audispd": "auditd's dispatcher",
    "osqueryd": "osquery",
    "go-audit": "go-audit",
    "auditbeat": "Auditbeat",
    "laurel": "Laurel",
    "systemd-journal": "journald",
    "elastic-endpoin": "Elastic Endpoint",
    "elastic-agent": "Elastic Agent",
    "wdavdaemon": "Microsoft Defender",
    "mdatp_audisp_pl": "Microsoft Defender",
    "falcon-sensor": "CrowdStrike Falcon",
    "wazuh-syscheckd": "Wazuh",
    "sysmon": "Sysmon",
    "tetragon": "Tetragon",
    "falco": "Falco",
}

JournaldUnit = Literal["absent", "masked", "present"]
_UNIT = "systemd-journald-audit.socket"


@dataclass(frozen=True, slots=True)
class AuditProcess:
    """A running program that is known to consume audit records or to trace the kernel."""

    pid: int
    name: str
    """The kernel's `comm`."""
    product: str
    exe: str | None


@dataclass(frozen=True, slots=True)
class AudienceFacts:
    """Listeners, programs that could listen, and the state of journald's audit socket unit."""

    sockets: tuple[AuditSocket, ...]
    processes: tuple[AuditProcess, ...]
    journald_unit: JournaldUnit
    systemd_runs: bool

    @property
    def listeners(self) -> tuple[AuditSocket, ...]:
        """The multicast listeners."""
        return tuple(socket for socket in self.sockets if socket.is_listener)


def read_audience_facts(tree: HostTree) -> AudienceFacts:
    """Read `/proc/net/netlink`, every process' `comm`, and systemd's unit folders."""
    sockets = read_audit_sockets(tree)
    owners = owners_of(tree, [socket.inode for socket in sockets])
    return AudienceFacts(
        sockets=tuple(_owned(tree, socket, owners.get(socket.inode)) for socket in sockets),
        processes=tuple(_known_processes(tree)),
        journald_unit=_journald_unit(tree),
        systemd_runs=tree.exists("/run/systemd/system"),
    )


def _owned(tree: HostTree, socket: AuditSocket, pid: int | None) -> AuditSocket:
    name = None if pid is None else tree.process_name(pid)
    return replace(socket, owner_pid=pid, owner_name=name)


def _known_processes(tree: HostTree) -> list[AuditProcess]:
    found = []
    for pid in tree.pids():
        name = tree.process_name(pid) or ""
        if name in KNOWN_CONSUMERS:
            exe = tree.process_exe(pid)
            found.append(AuditProcess(pid, name, KNOWN_CONSUMERS[name], exe))
    return found


def _journald_unit(tree: HostTree) -> JournaldUnit:
    """The unit's state: `/etc` and `/run` override `/usr/lib`; a link to /dev/null masks it."""
    for folder in ("/etc/systemd/system", "/run/systemd/system"):
        if tree.link(f"{folder}/{_UNIT}") == "/dev/null":
            return "masked"
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
    present = any(tree.exists(str(PurePosixPath(folder) / _UNIT)) for folder in folders)
    return "present" if present else "absent"


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
    """The daemon that the kernel names, and whether it still exists.

    The kernel forgets a dead daemon only at the next record that it cannot deliver. So if the
    process has no audit socket, or no longer exists, the entry is stale.
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
        drops = f"; it dropped {counted(socket.drops, 'record')} so far" if socket.drops else ""
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
    """Known consumers that are running, except the daemon and the listeners, reported before."""
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
            f"{process.product} is running (pid {process.pid}): it may register, load rules or "
            "trace syscalls in the middle of a run",
            "stop it while measuring",
            f"/proc/{process.pid}",
        )
    if not others:
        yield Finding("other-consumer", "ok", "no other audit consumer runs")
