"""Whose instructions: the CPU clocks of single processes, and who runs while another works.

The CPU clock of a process that sleeps is exact to a switch of tasks: the scheduler charges it from
the instruction at which it came onto the CPU to that at which it left. What it is charged beside
its own are the ticks that fall into its time, a thousandth (clock_getcpuclockid(3), which needs no
CONFIG_SCHED_INFO as `/proc/PID/schedstat` does).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

_SCHEDULED = 2
"""CPUCLOCK_SCHED: the time that the scheduler has charged, not samples of it."""
_KTHREADD = 2
"""The parent of every kernel thread."""


def cpu_ns(pid: int) -> int:
    """The CPU time of a process in ns, which is instructions; OSError where there is none."""
    return time.clock_gettime_ns(~pid << 3 | _SCHEDULED)


def find_kauditd() -> int | None:
    """The pid of kauditd; None without audit."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _is_kauditd(folder):
            return int(folder.name)
    return None


def _is_kauditd(folder: Path) -> bool:
    try:
        if (folder / "comm").read_text() != "kauditd\n":
            return False
        stat = (folder / "stat").read_text()
    except OSError:
        return False
    return int(stat[stat.rindex(")") + 1 :].split()[1]) == _KTHREADD


def run_before_all_others() -> None:
    """Let nobody but this process and its children run until it sleeps.

    What is woken meanwhile, kauditd above all, waits: as if it had a CPU of its own.
    """
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def run_after_all_others(pid: int) -> None:
    """Let a process run only while nobody else wants to.

    So kauditd delivers all that it has before the consumer wakes, and neither is counted with the
    switches to the other.
    """
    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
