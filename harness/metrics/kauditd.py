"""The kernel's audit thread: which pid it has, and its CPU time.

kauditd delivers the records: its CPU time is part of audit's price, in nobody's process.
"""

from __future__ import annotations

import functools
from pathlib import Path

from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree

_PF_KTHREAD = 0x00200000
_NAME = "kauditd"


def kauditd_pid(tree: HostTree | None = None) -> int | None:
    """The pid of kauditd; `None` without audit, or where kernel threads are not shown."""
    return _find((tree or HostTree()).root)


@functools.cache
def _find(root: Path) -> int | None:
    """Looked for once: a kernel thread of this kind lives as long as the kernel."""
    tree = HostTree(root)
    return next((pid for pid in tree.pids() if _is_kauditd(tree, pid)), None)


def _is_kauditd(tree: HostTree, pid: int) -> bool:
    """By name, and by being a kernel thread: any process may call itself kauditd."""
    if tree.text(f"/proc/{pid}/comm") != _NAME:
        return False
    stat = tree.text(f"/proc/{pid}/stat") or ")"
    fields = stat[stat.rindex(")") + 1 :].split()
    return len(fields) > 6 and bool(int(fields[6]) & _PF_KTHREAD)


def read_kauditd_cpu(tree: HostTree | None = None) -> ProcessCpu | None:
    """kauditd's CPU time; `None` where it cannot be seen."""
    tree = tree or HostTree()
    pid = kauditd_pid(tree)
    return None if pid is None else read_process_cpu(pid, tree)
