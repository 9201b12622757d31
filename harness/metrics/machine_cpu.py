"""The whole machine's CPU time by kind, context switches and forks, from `/proc/stat`.

In ticks of 10 ms: for seconds of load, not for single operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.host.process_cpu import TICK_NS
from harness.host.tree import HostTree

KINDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_NOT_BUSY = frozenset({"idle", "iowait", "steal"})


@dataclass(frozen=True, slots=True)
class MachineCpu:
    """CPU times since boot in ns, by kind; `cpus` holds the same for each CPU number."""

    total: dict[str, int]
    cpus: dict[int, dict[str, int]]
    context_switches: int
    forks: int
    interrupts: int
    softirqs: int

    def delta(self, before: MachineCpu) -> dict[str, object]:
        """What happened since `before`: `KIND_ns`, `busy_ns`, counts, and busy and steal by CPU.

        The kernel's idle and iowait may run backwards; a difference below 0 is given as 0.
        """
        total = _difference(self.total, before.total)
        document: dict[str, object] = {f"{kind}_ns": total.get(kind, 0) for kind in KINDS}
        document["busy_ns"] = _busy(total)
        document["context_switches"] = self.context_switches - before.context_switches
        document["forks"] = self.forks - before.forks
        document["interrupts"] = self.interrupts - before.interrupts
        document["softirqs"] = self.softirqs - before.softirqs
        per_cpu = {
            cpu: _difference(times, before.cpus[cpu])
            for cpu, times in self.cpus.items()
            if cpu in before.cpus
        }
        document["cpus"] = {
            str(cpu): {"busy_ns": _busy(times), "steal_ns": times.get("steal", 0)}
            for cpu, times in per_cpu.items()
        }
        return document


def _difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {kind: max(0, after[kind] - before.get(kind, 0)) for kind in after}


def _busy(times: dict[str, int]) -> int:
    return sum(ns for kind, ns in times.items() if kind not in _NOT_BUSY)


def read_machine_cpu(tree: HostTree | None = None) -> MachineCpu | None:
    """Reads `/proc/stat`; `None` where it cannot be read."""
    text = (tree or HostTree()).text("/proc/stat")
    if text is None:
        return None
    rows = {row[0]: row[1:] for row in (line.split() for line in text.splitlines()) if row}
    cpus = {
        int(name[3:]): _times(words)
        for name, words in rows.items()
        if name.startswith("cpu") and name[3:].isdecimal()
    }
    return MachineCpu(
        total=_times(rows.get("cpu", [])),
        cpus=cpus,
        context_switches=_first(rows, "ctxt"),
        forks=_first(rows, "processes"),
        interrupts=_first(rows, "intr"),
        softirqs=_first(rows, "softirq"),
    )


def _times(words: list[str]) -> dict[str, int]:
    return {kind: int(word) * TICK_NS for kind, word in zip(KINDS, words, strict=False)}


def _first(rows: dict[str, list[str]], name: str) -> int:
    words = rows.get(name)
    return int(words[0]) if words else 0
