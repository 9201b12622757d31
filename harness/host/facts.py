"""The facts of this machine, which go with every result and which the checks judge.

Files below one root are read; nothing is changed or judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.host.audience import AudienceFacts, read_audience_facts
from harness.host.cpu import CpuFacts, read_cpu_facts
from harness.host.instruments import InstrumentFacts, read_instrument_facts
from harness.host.kernel import KernelFacts, read_kernel_facts
from harness.host.load import LoadFacts, read_load_facts
from harness.host.other_run import OtherRunFacts, read_other_run_facts
from harness.host.platform import PlatformFacts, read_platform_facts
from harness.host.privilege import PrivilegeFacts, read_privilege_facts
from harness.host.software import SoftwareFacts, machine_name, read_software_facts
from harness.host.tree import HostTree


@dataclass(frozen=True, slots=True)
class HostFacts:
    """One host at one moment; `dataclasses.asdict` of it is JSON."""

    hostname: str
    machine: str
    """The stable name of this machine's results folder, e.g. `web1-3f2a9c01`."""
    kernel: KernelFacts
    cpu: CpuFacts
    platform: PlatformFacts
    privilege: PrivilegeFacts
    audience: AudienceFacts
    load: LoadFacts
    software: SoftwareFacts
    instruments: InstrumentFacts
    other_run: OtherRunFacts


def read_host_facts(root: Path = Path("/")) -> HostFacts:
    """Read all facts below `root`; those that cannot be read are None, `unknown` or empty."""
    tree = HostTree(root)
    cpu = read_cpu_facts(tree)
    hostname = tree.text("/proc/sys/kernel/hostname") or "unknown"
    return HostFacts(
        hostname=hostname,
        machine=machine_name(tree, hostname, cpu.model),
        kernel=read_kernel_facts(tree),
        cpu=cpu,
        platform=read_platform_facts(
            tree, hypervisor_flag=cpu.hypervisor_flag, clocksources=cpu.clocksources
        ),
        privilege=read_privilege_facts(tree),
        audience=read_audience_facts(tree),
        load=read_load_facts(tree),
        software=read_software_facts(tree),
        instruments=read_instrument_facts(tree),
        other_run=read_other_run_facts(tree),
    )
