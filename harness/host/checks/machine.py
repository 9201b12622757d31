"""How quiet and how constant the machine is: virtualisation, steal, load, clock, frequency."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.cpu_facts import CpuFacts
from harness.host.finding import Finding
from harness.host.load_facts import LoadFacts
from harness.host.platform_facts import PlatformFacts

STEAL_SHARE = 0.01
LOAD_PER_CPU = 0.3
PRESSURE_PERCENT = 5.0
_GOOD_CLOCKS = ("tsc", "arch_sys_counter", "kvm-clock", "timebase", "hyperv", "stp", "riscv")


def check_cpus(cpu: CpuFacts) -> Iterator[Finding]:
    """Whether workload and consumer can have a core each."""
    yield _cpus(cpu)


def check_platform(platform: PlatformFacts) -> Iterator[Finding]:
    """Whether a hypervisor stands between the kernel and the machine."""
    yield _virtualisation(platform)


def check_load(load: LoadFacts, cpu: CpuFacts) -> Iterator[Finding]:
    """What disturbs the CPUs: the hypervisor, other tasks, stalls."""
    yield _steal(load)
    yield _load(load, len(cpu.online) or 1)
    yield from _pressure(load)


def check_clocks(cpu: CpuFacts, platform: PlatformFacts) -> Iterator[Finding]:
    """Whether the frequency stays, and whether reading the clock is cheap."""
    yield _frequency(cpu, platform)
    yield _clock(cpu)


def _cpus(cpu: CpuFacts) -> Finding:
    allowed = len(cpu.allowed)
    what = f"{cpu.model}, {len(cpu.online)} online, {allowed} allowed"
    if allowed < 2:
        return Finding(
            "cpus",
            "warning",
            f"{what}: workload and consumer share one CPU, their costs add up in elapsed time",
            "allow this process at least two CPUs (taskset, cpuset)",
            "Cpus_allowed_list in /proc/self/status",
        )
    cores = {group for group in cpu.siblings if set(group) & set(cpu.allowed)}
    if cpu.siblings and len(cores) < 2:
        return Finding(
            "cpus",
            "warning",
            f"{what}, all on one core: workload and consumer slow each other down",
            "allow CPUs of two cores, or switch SMT off: "
            "echo off > /sys/devices/system/cpu/smt/control",
            "thread_siblings_list",
        )
    smt = ", SMT on" if cpu.smt_active else ""
    return Finding("cpus", "ok", what + smt)


def _virtualisation(platform: PlatformFacts) -> Finding:
    if platform.virtualisation == "none":
        return Finding(
            "virtualisation", "ok", "no hypervisor", evidence=platform.virtualisation_evidence
        )
    return Finding(
        "virtualisation",
        "note",
        f"a virtual machine ({platform.virtualisation}): ratios hold here, absolute times belong "
        "to this hypervisor and its neighbours",
        evidence=platform.virtualisation_evidence,
    )


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
    what = f"load {load.load_1_minute:.2f} over the last minute on {cpus} CPUs"
    if load.load_1_minute > LOAD_PER_CPU * cpus:
        remedy = "stop what runs, or wait for it to end"
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


def _frequency(cpu: CpuFacts, platform: PlatformFacts) -> Finding:
    if not cpu.governors:
        hidden = platform.virtualisation != "none"
        what = "frequency control is the hypervisor's" if hidden else "no frequency control"
        return Finding("frequency", "note" if hidden else "ok", what)
    turbo = {True: ", turbo on", False: ", turbo off", None: ""}[cpu.turbo]
    what = f"governor {'/'.join(cpu.governors)} ({cpu.frequency_driver}){turbo}"
    remedy = "python -m pyperf system tune (and afterwards: system reset)"
    if cpu.governors != ("performance",):
        return Finding("frequency", "warning", f"{what}: the clock follows the load", remedy)
    if cpu.turbo:
        return Finding("frequency", "note", f"{what}: the clock depends on temperature", remedy)
    return Finding("frequency", "ok", what)


def _clock(cpu: CpuFacts) -> Finding:
    name = cpu.clocksource or "unknown"
    if name.startswith(_GOOD_CLOCKS):
        return Finding("clocksource", "ok", name)
    better = next((clock for clock in cpu.clocksources if clock.startswith(_GOOD_CLOCKS)), None)
    return Finding(
        "clocksource",
        "warning",
        f"{name}: every reading of the clock is a slow syscall, audited like any other",
        f"echo {better} > /sys/devices/system/clocksource/clocksource0/current_clocksource"
        if better
        else "boot with a clocksource that user space can read (tsc)",
    )
