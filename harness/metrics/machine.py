"""A snapshot of the machine before and after a trial, and the difference of the two.

It costs at most a millisecond or two and is taken outside of the timed section. Single processes
are read only if their pids are given.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.host.cpu import read_frequency_khz
from harness.host.netlink_sockets import AuditSocket, read_audit_sockets
from harness.host.proc import (
    CPU_TIME_KINDS,
    PRESSURE_RESOURCES,
    LoadAverage,
    MachineCpu,
    Pressure,
    read_load_average,
    read_machine_cpu,
    read_memory_bytes,
    read_pressure,
)
from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree
from harness.metrics.audit import kauditd_cpu_ns, read_kauditd_cpu, socket_drops

_NOT_BUSY = frozenset({"idle", "iowait", "steal"})


@dataclass(frozen=True, slots=True)
class MachineDelta:
    """What happened on the machine between two snapshots; `as_document` of it is JSON.

    None is what this kernel does not report. The readers explain the inner numbers.
    """

    elapsed_ns: int
    kauditd_cpu_ns: int | None
    cpu: dict[str, Any] | None
    pressure: dict[str, int] | None
    memory: dict[str, int] | None
    audit_sockets: list[dict[str, int]]
    load_before: dict[str, float] | None
    load_after: dict[str, float] | None
    frequency_khz: dict[str, int]
    """At the end, by CPU."""
    processes: dict[str, dict[str, int | None] | None]
    """By pid; None for one that ended, or that was another process before."""

    @property
    def steal_share(self) -> float | None:
        """Stolen time as a share of the time of all CPUs together between the snapshots."""
        if self.cpu is None or not self.elapsed_ns or not self.cpu["cpus"]:
            return None
        return float(self.cpu["steal_ns"]) / (self.elapsed_ns * len(self.cpu["cpus"]))

    def noise(self) -> dict[str, float]:
        """The disturbance by other work, by the metrics' names, if this kernel reports it."""
        noise = {
            f"pressure_{name}_percent": 100 * self.pressure[f"{name}_some_ns"] / self.elapsed_ns
            for name in PRESSURE_RESOURCES
            if self.pressure and self.elapsed_ns and f"{name}_some_ns" in self.pressure
        }
        if self.steal_share is not None:
            noise["steal_percent"] = 100 * self.steal_share
        if self.load_before is not None:
            noise["load_one_minute"] = self.load_before["one_minute"]
        if self.frequency_khz:
            noise["frequency_mhz"] = statistics.fmean(self.frequency_khz.values()) / 1000
        return noise

    def as_document(self) -> dict[str, Any]:
        """Plain numbers for the sample."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MachineSnapshot:
    """All sources at one moment; None or empty is what this kernel does not report."""

    monotonic_ns: int
    kauditd: ProcessCpu | None
    cpu: MachineCpu | None
    pressure: dict[str, Pressure]
    memory_bytes: dict[str, int]
    """By the names of `/proc/meminfo`."""
    audit_sockets: tuple[AuditSocket, ...]
    load: LoadAverage | None
    frequency_khz: dict[int, int] = field(default_factory=dict)
    processes: dict[int, ProcessCpu | None] = field(default_factory=dict)

    def delta(self, before: MachineSnapshot) -> MachineDelta:
        """The change from `before` to this one."""
        return MachineDelta(
            elapsed_ns=self.monotonic_ns - before.monotonic_ns,
            kauditd_cpu_ns=kauditd_cpu_ns(self.kauditd, before.kauditd),
            cpu=cpu_delta(self.cpu, before.cpu) if self.cpu and before.cpu else None,
            pressure=pressure_delta(self.pressure, before.pressure),
            memory=memory_delta(self.memory_bytes, before.memory_bytes),
            audit_sockets=socket_drops(self.audit_sockets, before.audit_sockets),
            load_before=asdict(before.load) if before.load else None,
            load_after=asdict(self.load) if self.load else None,
            frequency_khz={str(cpu): khz for cpu, khz in self.frequency_khz.items()},
            processes={
                str(pid): _process_delta(process, before.processes.get(pid))
                for pid, process in self.processes.items()
            },
        )


def cpu_delta(after: MachineCpu, before: MachineCpu) -> dict[str, Any]:
    """The change between two readings: `KIND_ns`, `busy_ns`, counts, busy and steal by CPU.

    The kernel's idle and iowait may run backwards; a difference below 0 is given as 0.
    """
    total = _times_delta(after.total, before.total)
    by_cpu = {
        cpu: _times_delta(times, before.cpus[cpu])
        for cpu, times in after.cpus.items()
        if cpu in before.cpus
    }
    return {
        **{f"{kind}_ns": total.get(kind, 0) for kind in CPU_TIME_KINDS},
        "busy_ns": _busy(total),
        "context_switches": after.context_switches - before.context_switches,
        "forks": after.forks - before.forks,
        "interrupts": after.interrupts - before.interrupts,
        "softirqs": after.softirqs - before.softirqs,
        "cpus": {
            str(cpu): {"busy_ns": _busy(times), "steal_ns": times.get("steal", 0)}
            for cpu, times in by_cpu.items()
        },
    }


def _times_delta(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {kind: max(0, after[kind] - before.get(kind, 0)) for kind in after}


def _busy(times: dict[str, int]) -> int:
    return sum(ns for kind, ns in times.items() if kind not in _NOT_BUSY)


def pressure_delta(
    after: dict[str, Pressure], before: dict[str, Pressure]
) -> dict[str, int] | None:
    """Stalled time between, as `RESOURCE_some_ns` and `RESOURCE_full_ns`; None without PSI."""
    if not after or not before:
        return None
    return {
        f"{name}_ns": pressure.total_ns - before[name].total_ns
        for name, pressure in after.items()
        if name in before
    }


def memory_delta(after: dict[str, int], before: dict[str, int]) -> dict[str, int] | None:
    """How much more (or less) memory is available, and how much the kernel itself uses.

    Queued audit records are kernel memory: they show as unreclaimable slab. None if the kernel
    does not estimate the available memory.
    """
    if "MemAvailable" not in after or "MemAvailable" not in before:
        return None
    return {
        "available_bytes": after["MemAvailable"] - before["MemAvailable"],
        "slab_unreclaimable_bytes": after.get("SUnreclaim", 0) - before.get("SUnreclaim", 0),
    }


def _process_delta(
    after: ProcessCpu | None, before: ProcessCpu | None
) -> dict[str, int | None] | None:
    if after is None or before is None or after.start_ticks != before.start_ticks:
        return None
    return after.delta(before)


def read_machine(pids: Iterable[int] = (), tree: HostTree | None = None) -> MachineSnapshot:
    """Take a snapshot that includes these processes."""
    tree = tree or HostTree()
    return MachineSnapshot(
        monotonic_ns=time.monotonic_ns(),
        kauditd=read_kauditd_cpu(tree),
        cpu=read_machine_cpu(tree),
        pressure=read_pressure(tree),
        memory_bytes=read_memory_bytes(tree),
        audit_sockets=read_audit_sockets(tree),
        load=read_load_average(tree),
        frequency_khz=read_frequency_khz(tree),
        processes={pid: read_process_cpu(pid, tree) for pid in pids},
    )
