"""How busy the machine is and has been: load, pressure, steal, memory, uptime.

Moments, not differences: what a trial costs is read by `harness.metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.host.proc import (
    MachineCpu,
    read_load_average,
    read_machine_cpu,
    read_memory_bytes,
    read_pressure,
)
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
    """Read `/proc/{loadavg,pressure/*,stat,meminfo,uptime}` and the boot id."""
    load, pressure, memory = read_load_average(tree), read_pressure(tree), read_memory_bytes(tree)
    uptime = (tree.text("/proc/uptime") or "").split()
    steal_ns, share = _steal(read_machine_cpu(tree))

    def stalled(resource: str) -> float | None:
        some = pressure.get(f"{resource}_some")
        return None if some is None else some.average_10_s_percent

    return LoadFacts(
        load_1_minute=load.one_minute if load else None,
        load_5_minutes=load.five_minutes if load else None,
        cpu_pressure_10_s_percent=stalled("cpu"),
        memory_pressure_10_s_percent=stalled("memory"),
        io_pressure_10_s_percent=stalled("io"),
        steal_ns=steal_ns,
        steal_share=share,
        memory_bytes=memory.get("MemTotal"),
        memory_available_bytes=memory.get("MemAvailable"),
        uptime_s=float(uptime[0]) if uptime else None,
        boot_id=tree.text("/proc/sys/kernel/random/boot_id"),
    )


def _steal(cpu: MachineCpu | None) -> tuple[int, float]:
    """Stolen time in ns, and as a share of the time in which the CPUs wanted to run."""
    times = {} if cpu is None else cpu.total
    if "steal" not in times:
        return 0, 0.0
    wanted = sum(times.values()) - times["idle"] - times["iowait"]
    return times["steal"], times["steal"] / wanted if wanted else 0.0
