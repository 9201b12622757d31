"""How busy the machine is and has been: load, pressure, steal, memory, uptime.

Moments, not differences: what a trial costs is read by `harness.metrics`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from harness.host.tree import HostTree


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """Load at one moment. `None` is unknown (no PSI, for instance)."""

    load_1_minute: float | None
    load_5_minutes: float | None
    cpu_pressure_10_s_percent: float | None
    """PSI: share of the last 10 s in which some task waited for a CPU."""
    memory_pressure_10_s_percent: float | None
    io_pressure_10_s_percent: float | None
    steal_ns: int
    """CPU time that the hypervisor gave to others since boot, all CPUs."""
    steal_share: float
    """`steal_ns` as a share of the time in which these CPUs wanted to run."""
    memory_bytes: int | None
    memory_available_bytes: int | None
    uptime_s: float | None
    boot_id: str | None


def read_load_facts(tree: HostTree) -> LoadFacts:
    """Reads `/proc/{loadavg,pressure/*,stat,meminfo,uptime}` and the boot id."""
    loads = (tree.text("/proc/loadavg") or "").split()
    uptime = (tree.text("/proc/uptime") or "").split()
    steal_ns, share = _steal(tree)
    return LoadFacts(
        load_1_minute=float(loads[0]) if loads else None,
        load_5_minutes=float(loads[1]) if loads else None,
        cpu_pressure_10_s_percent=_pressure(tree, "cpu"),
        memory_pressure_10_s_percent=_pressure(tree, "memory"),
        io_pressure_10_s_percent=_pressure(tree, "io"),
        steal_ns=steal_ns,
        steal_share=share,
        memory_bytes=_memory(tree, "MemTotal"),
        memory_available_bytes=_memory(tree, "MemAvailable"),
        uptime_s=float(uptime[0]) if uptime else None,
        boot_id=tree.text("/proc/sys/kernel/random/boot_id"),
    )


def _steal(tree: HostTree) -> tuple[int, float]:
    """Of `cpu user nice system idle iowait irq softirq steal …`, in ticks of USER_HZ."""
    words = (tree.text("/proc/stat") or "").split("\n", 1)[0].split()[1:9]
    ticks = [int(word) for word in words]
    if len(ticks) < 8:
        return 0, 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal = ticks
    wanted = user + nice + system + irq + softirq + steal
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    return steal * tick_ns, steal / wanted if wanted else 0.0


def _pressure(tree: HostTree, resource: str) -> float | None:
    found = re.search(r"^some avg10=([\d.]+)", tree.text(f"/proc/pressure/{resource}") or "")
    return float(found.group(1)) if found else None


def _memory(tree: HostTree, name: str) -> int | None:
    found = re.search(rf"^{name}:\s+(\d+) kB", tree.text("/proc/meminfo") or "", re.MULTILINE)
    return int(found.group(1)) * 1024 if found else None
