"""A snapshot of the machine before and after a trial, and the difference of the two.

Costs under a millisecond or two and is taken outside of the timed section. Single processes are
read only when their pids are given.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree
from harness.metrics.audit_sockets import AuditSockets, read_audit_socket_drops
from harness.metrics.frequency import read_frequency_khz
from harness.metrics.kauditd import read_kauditd_cpu
from harness.metrics.load import Load, read_load
from harness.metrics.machine_cpu import MachineCpu, read_machine_cpu
from harness.metrics.memory import Memory, read_memory
from harness.metrics.pressure import RESOURCES, Pressure, read_pressure


@dataclass(frozen=True, slots=True)
class MachineDelta:
    """What happened on the machine between two snapshots; `as_document` of it is JSON.

    `None` is what this kernel does not tell. What each inner number means stands with its reader.
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
    """By pid; `None` for one that ended, or that was another process before."""

    @property
    def steal_share(self) -> float | None:
        """Stolen time as a share of what all CPUs together had between the snapshots."""
        if self.cpu is None or not self.elapsed_ns or not self.cpu["cpus"]:
            return None
        return float(self.cpu["steal_ns"]) / (self.elapsed_ns * len(self.cpu["cpus"]))

    def noise(self) -> dict[str, float]:
        """How much others disturbed, by the metrics' names; what this kernel tells of it."""
        noise = {
            f"pressure_{name}_percent": 100 * self.pressure[f"{name}_some_ns"] / self.elapsed_ns
            for name in RESOURCES
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
    """All sources at one moment; `None` is what this kernel does not tell."""

    monotonic_ns: int
    kauditd: ProcessCpu | None
    cpu: MachineCpu | None
    pressure: Pressure | None
    memory: Memory | None
    audit_sockets: AuditSockets
    load: Load | None
    frequency_khz: dict[int, int] = field(default_factory=dict)
    processes: dict[int, ProcessCpu | None] = field(default_factory=dict)

    def delta(self, before: MachineSnapshot) -> MachineDelta:
        """From `before` to this one."""
        return MachineDelta(
            elapsed_ns=self.monotonic_ns - before.monotonic_ns,
            kauditd_cpu_ns=_kauditd_ns(self.kauditd, before.kauditd),
            cpu=self.cpu.delta(before.cpu) if self.cpu and before.cpu else None,
            pressure=(
                self.pressure.delta(before.pressure) if self.pressure and before.pressure else None
            ),
            memory=self.memory.delta(before.memory) if self.memory and before.memory else None,
            audit_sockets=self.audit_sockets.delta(before.audit_sockets),
            load_before=asdict(before.load) if before.load else None,
            load_after=asdict(self.load) if self.load else None,
            frequency_khz={str(cpu): khz for cpu, khz in self.frequency_khz.items()},
            processes={
                str(pid): _process(process, before.processes.get(pid))
                for pid, process in self.processes.items()
            },
        )


def _kauditd_ns(after: ProcessCpu | None, before: ProcessCpu | None) -> int | None:
    """The scheduler's ns; on kernels without them the ticks, which are better than nothing."""
    if after is None or before is None:
        return None
    if after.run_ns is not None and before.run_ns is not None:
        return after.run_ns - before.run_ns
    return after.system_ns - before.system_ns + after.user_ns - before.user_ns


def _process(after: ProcessCpu | None, before: ProcessCpu | None) -> dict[str, int | None] | None:
    if after is None or before is None or after.start_ticks != before.start_ticks:
        return None
    return after.delta(before)


def read_machine(pids: Iterable[int] = (), tree: HostTree | None = None) -> MachineSnapshot:
    """Takes a snapshot, with these processes in it."""
    tree = tree or HostTree()
    return MachineSnapshot(
        monotonic_ns=time.monotonic_ns(),
        kauditd=read_kauditd_cpu(tree),
        cpu=read_machine_cpu(tree),
        pressure=read_pressure(tree),
        memory=read_memory(tree),
        audit_sockets=read_audit_socket_drops(tree),
        load=read_load(tree),
        frequency_khz=read_frequency_khz(tree),
        processes={pid: read_process_cpu(pid, tree) for pid in pids},
    )
