"""The load of the machine, now and recently: load, pressure, steal, memory, uptime.

Moments, not differences: `harness.metrics` reads the cost of a trial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.counted import counted
from harness.host.cpu import CpuFacts
from harness.host.finding import Finding
from harness.host.proc import (
    MachineCpu,
    read_load_average,
    read_machine_cpu,
    read_memory_bytes,
    read_pressure,
)
from harness.host.tree import HostTree

STEAL_SHARE = 0.01
LOAD_PER_CPU = 0.3
PRESSURE_PERCENT = 5.0


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """Load at one moment. None is unknown (no PSI, for instance)."""

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
    steal_ns, share = _stolen(read_machine_cpu(tree))

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


def _stolen(cpu: MachineCpu | None) -> tuple[int, float]:
    """Stolen time in ns, and as a share of the time in which the CPUs wanted to run."""
    times = {} if cpu is None else cpu.total
    if "steal" not in times:
        return 0, 0.0
    wanted = sum(times.values()) - times["idle"] - times["iowait"]
    return times["steal"], times["steal"] / wanted if wanted else 0.0


def check(load: LoadFacts, cpu: CpuFacts) -> Iterator[Finding]:
    """Check for disturbance of the CPUs: the hypervisor, other tasks, stalls."""
    yield _steal(load)
    yield _load(load, len(cpu.online) or 1)
    yield from _pressure(load)


def _steal(load: LoadFacts) -> Finding:
    what = f"{load.steal_share:.1%} of the wanted CPU time was stolen since boot"
    if load.steal_share > STEAL_SHARE:
        return Finding(
            "steal",
            "warning",
            what,
            "use a host with dedicated CPUs, or more blocks",
            "/proc/stat",
        )
    return Finding("steal", "ok", what, evidence="/proc/stat")


def _load(load: LoadFacts, cpus: int) -> Finding:
    if load.load_1_minute is None:
        return Finding("load", "note", "the load is unknown", evidence="/proc/loadavg")
    what = f"load {load.load_1_minute:.2f} over the last minute on {counted(cpus, 'CPU')}"
    if load.load_1_minute > LOAD_PER_CPU * cpus:
        remedy = "stop other programs, or wait for them to end"
        return Finding("load", "warning", what, remedy, "/proc/loadavg")
    return Finding("load", "ok", what, evidence="/proc/loadavg")


def _pressure(load: LoadFacts) -> Iterator[Finding]:
    for resource, percent in (
        ("cpu", load.cpu_pressure_10_s_percent),
        ("memory", load.memory_pressure_10_s_percent),
        ("io", load.io_pressure_10_s_percent),
    ):
        if percent is not None and percent > PRESSURE_PERCENT:
            yield Finding(
                f"pressure-{resource}",
                "warning",
                f"tasks waited for {resource} in {percent:.0f} % of the last 10 s",
                "wait until the machine is quiet",
                f"/proc/pressure/{resource}",
            )
