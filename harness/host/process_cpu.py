"""CPU time of one process, from the scheduler in ns; its children's and its totals in ticks.

A process that has ended is None. Children count only after they were waited for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.host.proc import TICK_NS
from harness.host.tree import HostTree, keyed_lines


@dataclass(frozen=True, slots=True)
class ProcessCpu:
    """One process at one moment, its threads added up."""

    pid: int
    start_ticks: int
    """Start time since boot: tells a reused pid apart."""
    run_ns: int | None
    """On a CPU, living threads only; None without CONFIG_SCHED_INFO."""
    wait_ns: int | None
    """Runnable, but waiting for a CPU."""
    user_ns: int
    """In whole ticks, as the next three; threads that ended included."""
    system_ns: int
    children_user_ns: int
    children_system_ns: int
    voluntary_switches: int
    """Of the first thread, as the next."""
    involuntary_switches: int
    rss_bytes: int

    def delta(self, before: ProcessCpu) -> dict[str, int | None]:
        """Its use since `before`; `rss_bytes` is the value now.

        Raises ValueError if `before` is another process.
        """
        if (self.pid, self.start_ticks) != (before.pid, before.start_ticks):
            raise ValueError(f"pid {self.pid} is not the process it was before")
        return {
            "run_ns": _difference(self.run_ns, before.run_ns),
            "wait_ns": _difference(self.wait_ns, before.wait_ns),
            "user_ns": self.user_ns - before.user_ns,
            "system_ns": self.system_ns - before.system_ns,
            "children_user_ns": self.children_user_ns - before.children_user_ns,
            "children_system_ns": self.children_system_ns - before.children_system_ns,
            "voluntary_switches": self.voluntary_switches - before.voluntary_switches,
            "involuntary_switches": self.involuntary_switches - before.involuntary_switches,
            "rss_bytes": self.rss_bytes,
        }


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before


def read_process_cpu(pid: int, tree: HostTree | None = None) -> ProcessCpu | None:
    """Read `/proc/PID/{stat,status,task/*/schedstat}`; None if there is no such process."""
    tree = tree or HostTree()
    stat = tree.text(f"/proc/{pid}/stat")
    if stat is None:
        return None
    # The name in brackets may hold spaces and brackets. proc_pid_stat(5) numbers from 1.
    fields = stat[stat.rindex(")") + 2 :].split()
    status = keyed_lines(tree.text(f"/proc/{pid}/status"))
    run_ns, wait_ns = _schedstat(tree, pid)
    return ProcessCpu(
        pid=pid,
        start_ticks=int(fields[19]),
        run_ns=run_ns,
        wait_ns=wait_ns,
        user_ns=int(fields[11]) * TICK_NS,
        system_ns=int(fields[12]) * TICK_NS,
        children_user_ns=int(fields[13]) * TICK_NS,
        children_system_ns=int(fields[14]) * TICK_NS,
        voluntary_switches=int(status.get("voluntary_ctxt_switches", "0")),
        involuntary_switches=int(status.get("nonvoluntary_ctxt_switches", "0")),
        rss_bytes=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
    )


def _schedstat(tree: HostTree, pid: int) -> tuple[int | None, int | None]:
    """Run and wait time of the living threads. `/proc/PID/schedstat` is only the first one's."""
    threads = tree.names(f"/proc/{pid}/task")
    texts = [tree.text(f"/proc/{pid}/task/{thread}/schedstat") for thread in threads]
    rows = [row for row in ((text or "").split() for text in texts) if len(row) == 3]
    if not rows or all(row[0] == "0" and row[2] == "0" for row in rows):
        return None, None
    return sum(int(row[0]) for row in rows), sum(int(row[1]) for row in rows)
