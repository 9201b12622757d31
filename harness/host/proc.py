"""The formats of `/proc` that several topics need: load, pressure, CPU time, memory, command line.

Numbers are parsed and units converted; the meaning of a number for a measurement, and of a
difference, is decided elsewhere. Sources: proc(5), Documentation/accounting/psi.rst.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from harness.host.tree import HostTree

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
"""One tick of USER_HZ, the unit of `/proc/stat` and `/proc/PID/stat` (10 ms everywhere)."""

CPU_TIME_KINDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
PRESSURE_RESOURCES = ("cpu", "memory", "io")

_PRESSURE_LINE = re.compile(r"^(some|full) avg10=([\d.]+) .*\btotal=(\d+)", re.MULTILINE)
_MEMORY_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)
_END_OF_KERNEL_PARAMETERS = re.compile(r"\s--(?:\s|$)")


@dataclass(frozen=True, slots=True)
class LoadAverage:
    """Tasks that run or wait for a disk, averaged; and the number running at this moment."""

    one_minute: float
    five_minutes: float
    running: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Pressure:
    """Time in which tasks were stalled by one resource."""

    average_10_s_percent: float
    """As a share of the last 10 s."""
    total_ns: int
    """Since boot."""


@dataclass(frozen=True, slots=True)
class MachineCpu:
    """CPU times since boot in ns, by kind; `cpus` holds the same for each CPU number."""

    total: dict[str, int]
    cpus: dict[int, dict[str, int]]
    context_switches: int
    forks: int
    interrupts: int
    softirqs: int


def read_load_average(tree: HostTree | None = None) -> LoadAverage | None:
    """Read `/proc/loadavg` (`0.20 0.18 0.12 1/80 11206`); None if there is none."""
    words = ((tree or HostTree()).text("/proc/loadavg") or "").split()
    if len(words) < 4:
        return None
    running, _, tasks = words[3].partition("/")
    return LoadAverage(float(words[0]), float(words[1]), int(running), int(tasks))


def read_pressure(tree: HostTree | None = None) -> dict[str, Pressure]:
    """Read `/proc/pressure/*` into `cpu_some`, `cpu_full`, `memory_some`, ….

    `some` is time in which at least one task waited, `full` in which all did. Empty on kernels
    without PSI or booted without it.
    """
    tree = tree or HostTree()
    return {
        f"{resource}_{kind}": Pressure(float(average), int(microseconds) * 1000)
        for resource in PRESSURE_RESOURCES
        for kind, average, microseconds in _PRESSURE_LINE.findall(
            tree.text(f"/proc/pressure/{resource}") or ""
        )
    }


def read_machine_cpu(tree: HostTree | None = None) -> MachineCpu | None:
    """Read `/proc/stat`; None if it cannot be read."""
    text = (tree or HostTree()).text("/proc/stat")
    if text is None:
        return None
    rows = {row[0]: row[1:] for row in (line.split() for line in text.splitlines()) if row}
    return MachineCpu(
        total=_times(rows.get("cpu", [])),
        cpus={
            int(name[3:]): _times(words)
            for name, words in rows.items()
            if name.startswith("cpu") and name[3:].isdecimal()
        },
        context_switches=_first(rows, "ctxt"),
        forks=_first(rows, "processes"),
        interrupts=_first(rows, "intr"),
        softirqs=_first(rows, "softirq"),
    )


def _times(words: list[str]) -> dict[str, int]:
    return {kind: int(word) * TICK_NS for kind, word in zip(CPU_TIME_KINDS, words, strict=False)}


def _first(rows: dict[str, list[str]], name: str) -> int:
    words = rows.get(name)
    return int(words[0]) if words else 0


def read_memory_bytes(tree: HostTree | None = None) -> dict[str, int]:
    """Read `/proc/meminfo` into bytes by the kernel's names (`MemAvailable`)."""
    lines = _MEMORY_LINE.findall((tree or HostTree()).text("/proc/meminfo") or "")
    return {name: int(kibibytes) * 1024 for name, kibibytes in lines}


def boot_parameters(command_line: str) -> list[str]:
    """The kernel's own parameters on its command line; those after ` -- ` are for init."""
    return _END_OF_KERNEL_PARAMETERS.split(command_line, maxsplit=1)[0].split()


def boot_parameter(command_line: str, name: str) -> str | None:
    """The last value of `name=` on a kernel command line; None if it is absent."""
    prefix = f"{name}="
    values = [word for word in boot_parameters(command_line) if word.startswith(prefix)]
    return values[-1].removeprefix(prefix).strip('"') if values else None
