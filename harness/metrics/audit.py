"""Audit's own cost and counters between two readings: kauditd, the status, the sockets.

kauditd delivers the records: its CPU time is part of audit's cost, but in no process of the run.
The counters are those of the audit status; the drops are those of `/proc/net/netlink`. For the
registered daemon a drop is a failed attempt, which the kernel may have repeated; for a multicast
listener it is a lost record that `lost` does not count.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.host.netlink_sockets import AuditSocket
from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree
from harness.kernel.jiffies import jiffies_to_ms
from harness.kernel.status import AuditStatus

_PF_KTHREAD = 0x00200000
_NAME = "kauditd"
_WRAP = 2**32
"""The counters are 32 bits wide and wrap."""


def kauditd_pid(tree: HostTree | None = None) -> int | None:
    """The pid of kauditd; None without audit, or where kernel threads are not shown."""
    return _find((tree or HostTree()).root)


@functools.cache
def _find(root: Path) -> int | None:
    """Search once: this kernel thread lives as long as the kernel."""
    tree = HostTree(root)
    return next((pid for pid in tree.pids() if _is_kauditd(tree, pid)), None)


def _is_kauditd(tree: HostTree, pid: int) -> bool:
    """Whether it has the name and is a kernel thread: any process may call itself kauditd."""
    if tree.text(f"/proc/{pid}/comm") != _NAME:
        return False
    stat = tree.text(f"/proc/{pid}/stat") or ")"
    fields = stat[stat.rindex(")") + 1 :].split()
    return len(fields) > 6 and bool(int(fields[6]) & _PF_KTHREAD)


def read_kauditd_cpu(tree: HostTree | None = None) -> ProcessCpu | None:
    """Read kauditd's CPU time; None if it cannot be seen."""
    tree = tree or HostTree()
    pid = kauditd_pid(tree)
    return None if pid is None else read_process_cpu(pid, tree)


def kauditd_cpu_ns(after: ProcessCpu | None, before: ProcessCpu | None) -> int | None:
    """CPU time from the scheduler; on kernels without that the ticks, better than nothing."""
    if after is None or before is None:
        return None
    if after.run_ns is not None and before.run_ns is not None:
        return after.run_ns - before.run_ns
    return after.system_ns - before.system_ns + after.user_ns - before.user_ns


@dataclass(frozen=True, slots=True)
class AuditDelta:
    """The change between two readings. `waited` sums all producers, so it may exceed the time."""

    lost: int
    """Records refused (not events): limits, rate, memory."""
    waited_jiffies: int | None
    """None on kernels before 5.9, which do not count it."""
    waited_ms: float | None
    """None also if CONFIG_HZ is unknown."""


def audit_delta(before: AuditStatus, after: AuditStatus, *, hz: int | None) -> AuditDelta:
    """The counters' differences; a counter that was reset in between seems to have wrapped."""
    waited = None
    if before.backlog_wait_time_actual is not None and after.backlog_wait_time_actual is not None:
        waited = (after.backlog_wait_time_actual - before.backlog_wait_time_actual) % _WRAP
    return AuditDelta(
        lost=(after.lost - before.lost) % _WRAP,
        waited_jiffies=waited,
        waited_ms=None if waited is None or hz is None else jiffies_to_ms(waited, hz),
    )


def socket_drops(
    after: Iterable[AuditSocket], before: Iterable[AuditSocket]
) -> list[dict[str, int]]:
    """For each socket in `after`: its drops since `before`, and the bytes in its buffer.

    All drops of a new socket count.
    """
    earlier = {socket.inode: socket.drops for socket in before}
    return [
        {
            "port_id": socket.port_id,
            "groups": socket.groups,
            "drops": socket.drops - earlier.get(socket.inode, 0),
            "rmem_bytes": socket.rmem_bytes,
        }
        for socket in after
    ]
