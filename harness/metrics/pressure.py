"""Pressure stall information: for how long tasks waited for CPU, memory and I/O.

Waiting, not CPU time. Source: Documentation/accounting/psi.rst.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.host.tree import HostTree

RESOURCES = ("cpu", "memory", "io")
_LINE = re.compile(r"^(some|full) .*\btotal=(\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pressure:
    """Stalled time since boot in ns: `cpu_some` is where at least one task waited for a CPU."""

    totals: dict[str, int]

    def delta(self, before: Pressure) -> dict[str, int]:
        """Stalled time since `before`, as `RESOURCE_some_ns` and `RESOURCE_full_ns`."""
        return {
            f"{name}_ns": total - before.totals[name]
            for name, total in self.totals.items()
            if name in before.totals
        }


def read_pressure(tree: HostTree | None = None) -> Pressure | None:
    """Reads `/proc/pressure/*`; `None` on kernels without PSI or booted without it."""
    tree = tree or HostTree()
    totals = {
        f"{resource}_{kind}": int(microseconds) * 1000
        for resource in RESOURCES
        for kind, microseconds in _LINE.findall(tree.text(f"/proc/pressure/{resource}") or "")
    }
    return Pressure(totals) if totals else None
