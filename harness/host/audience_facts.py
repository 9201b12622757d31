"""Who else on this host deals with audit: socket holders, known consumers, journald's socket.

Names processes; whether one is the registered daemon is the kernel's to say (`AuditStatus.pid`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

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
    """Who listens, who could, and whether systemd would start journald's audit socket."""

    sockets: tuple[AuditSocket, ...]
    processes: tuple[AuditProcess, ...]
    journald_unit: JournaldUnit
    systemd_runs: bool

    @property
    def listeners(self) -> tuple[AuditSocket, ...]:
        """The multicast listeners."""
        return tuple(socket for socket in self.sockets if socket.is_listener)


def read_audience_facts(tree: HostTree) -> AudienceFacts:
    """Reads `/proc/net/netlink`, every process' `comm`, and systemd's unit folders."""
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
    """`/etc` and `/run` override `/usr/lib`; a link to /dev/null masks the unit."""
    for folder in ("/etc/systemd/system", "/run/systemd/system"):
        if tree.link(f"{folder}/{_UNIT}") == "/dev/null":
            return "masked"
    folders = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
    present = any(tree.exists(str(PurePosixPath(folder) / _UNIT)) for folder in folders)
    return "present" if present else "absent"
