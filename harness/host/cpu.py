"""The CPUs: model, how many are allowed here, siblings, frequency control, the clock.

The checks: whether workload and consumer can have a core each, and whether clocks are constant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.host.finding import Finding
from harness.host.platform import PlatformFacts
from harness.host.tree import HostTree, keyed_lines, parse_cpu_list

_CPU = "/sys/devices/system/cpu"
_GOOD_CLOCKS = ("tsc", "arch_sys_counter", "kvm-clock", "timebase", "hyperv", "stp", "riscv")


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """CPUs by kernel number; None is unknown (a virtual machine often hides it)."""

    model: str
    online: tuple[int, ...]
    allowed: tuple[int, ...]
    """The CPUs this process may run on."""
    smt_active: bool | None
    siblings: tuple[tuple[int, ...], ...]
    """Groups of online CPUs that share one core; singletons without SMT."""
    isolated: tuple[int, ...]
    governors: tuple[str, ...]
    """The distinct frequency governors in force; empty where the kernel has none."""
    frequency_driver: str | None
    turbo: bool | None
    clocksource: str | None
    clocksources: tuple[str, ...]
    hypervisor_flag: bool


def read_cpu_facts(tree: HostTree) -> CpuFacts:
    """Read `/proc/cpuinfo`, `/proc/self/status` and `/sys/devices/system/{cpu,clocksource}`."""
    cpuinfo = tree.text("/proc/cpuinfo") or ""
    online = _listed_cpus(tree.text(f"{_CPU}/online")) or _cpuinfo_cpus(cpuinfo)
    status = keyed_lines(tree.text("/proc/self/status"))
    clock = "/sys/devices/system/clocksource/clocksource0"
    smt = tree.text(f"{_CPU}/smt/active")
    drivers = _distinct(tree, online, "scaling_driver")
    return CpuFacts(
        model=_model(cpuinfo),
        online=online,
        allowed=_listed_cpus(status.get("Cpus_allowed_list")) or online,
        smt_active=None if smt is None else smt == "1",
        siblings=_siblings(tree, online),
        isolated=_listed_cpus(tree.text(f"{_CPU}/isolated")),
        governors=_distinct(tree, online, "scaling_governor"),
        frequency_driver=drivers[0] if drivers else None,
        turbo=_turbo(tree),
        clocksource=tree.text(f"{clock}/current_clocksource"),
        clocksources=tuple((tree.text(f"{clock}/available_clocksource") or "").split()),
        hypervisor_flag=_has_hypervisor_flag(cpuinfo),
    )


def _listed_cpus(text: str | None) -> tuple[int, ...]:
    try:
        return parse_cpu_list(text or "")
    except ValueError:
        return ()


def _cpuinfo_cpus(cpuinfo: str) -> tuple[int, ...]:
    numbers = (
        line.partition(":")[2].strip()
        for line in cpuinfo.splitlines()
        if line.startswith("processor")
    )
    return tuple(int(number) for number in numbers if number.isdecimal())


def _model(cpuinfo: str) -> str:
    """`model name` on x86, `cpu` on POWER, else the ids that ARM gives."""
    fields = keyed_lines(cpuinfo)
    for key in ("model name", "cpu model", "cpu", "Processor", "uarch"):
        if key in fields:
            return " ".join(fields[key].split())
    parts = (fields.get("CPU implementer"), fields.get("CPU part"))
    return "implementer {} part {}".format(*parts) if all(parts) else "unknown"


def _has_hypervisor_flag(cpuinfo: str) -> bool:
    flags = keyed_lines(cpuinfo).get("flags", "")
    return "hypervisor" in flags.split()


def _siblings(tree: HostTree, online: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    groups = {
        _listed_cpus(tree.text(f"{_CPU}/cpu{cpu}/topology/thread_siblings_list")) or (cpu,)
        for cpu in online
    }
    return tuple(sorted(groups))


def _distinct(tree: HostTree, online: tuple[int, ...], name: str) -> tuple[str, ...]:
    values = {tree.text(f"{_CPU}/cpu{cpu}/cpufreq/{name}") for cpu in online}
    return tuple(sorted(value for value in values if value))


def _turbo(tree: HostTree) -> bool | None:
    """Whether turbo is on: intel_pstate has `no_turbo`, the other drivers have `boost`."""
    no_turbo = tree.text(f"{_CPU}/intel_pstate/no_turbo")
    if no_turbo is not None:
        return no_turbo == "0"
    boost = tree.text(f"{_CPU}/cpufreq/boost")
    return None if boost is None else boost == "1"


def read_frequency_khz(tree: HostTree | None = None) -> dict[int, int]:
    """CPU number to kHz, from cpufreq, else from `/proc/cpuinfo`; empty if neither has it.

    In a virtual machine the latter is a constant.
    """
    tree = tree or HostTree()
    found = {}
    for name in tree.names(_CPU):
        if re.fullmatch(r"cpu\d+", name):
            khz = tree.number(f"{_CPU}/{name}/cpufreq/scaling_cur_freq")
            if khz is not None:
                found[int(name[3:])] = khz
    return found or _cpuinfo_khz(tree.text("/proc/cpuinfo") or "")


def _cpuinfo_khz(cpuinfo: str) -> dict[int, int]:
    number, found = None, {}
    for key, value in re.findall(r"^(processor|cpu MHz)\s*:\s*([\d.]+)$", cpuinfo, re.MULTILINE):
        if key == "processor":
            number = int(value)
        elif number is not None:
            found[number] = round(float(value) * 1000)
    return found


def check_cores(cpu: CpuFacts) -> Iterator[Finding]:
    """Whether workload and consumer can have a core each."""
    yield _cores(cpu)


def _cores(cpu: CpuFacts) -> Finding:
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


def check_clocks(cpu: CpuFacts, platform: PlatformFacts) -> Iterator[Finding]:
    """Whether the frequency stays, and whether reading the clock is cheap."""
    yield _frequency(cpu, platform)
    yield _clock(cpu)


def _frequency(cpu: CpuFacts, platform: PlatformFacts) -> Finding:
    if not cpu.governors:
        hidden = platform.virtualisation != "none"
        what = "frequency control is the hypervisor's" if hidden else "no frequency control"
        return Finding("frequency", "note" if hidden else "ok", what)
    turbo = {True: ", turbo on", False: ", turbo off", None: ""}[cpu.turbo]
    what = f"governor {'/'.join(cpu.governors)} ({cpu.frequency_driver}){turbo}"
    remedy = "pip install pyperf, then python -m pyperf system tune (and afterwards: system reset)"
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
