"""The machine's memory: what is left, and what the kernel itself holds.

Queued audit records are kernel memory: they show as unreclaimable slab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.host.tree import HostTree

_LINE = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes."""

    available_bytes: int
    slab_unreclaimable_bytes: int

    def delta(self, before: Memory) -> dict[str, int]:
        """How much more (or less) of each there is than `before`."""
        grown = self.slab_unreclaimable_bytes - before.slab_unreclaimable_bytes
        return {
            "available_bytes": self.available_bytes - before.available_bytes,
            "slab_unreclaimable_bytes": grown,
        }


def read_memory(tree: HostTree | None = None) -> Memory | None:
    """Reads `/proc/meminfo`."""
    fields = dict(_LINE.findall((tree or HostTree()).text("/proc/meminfo") or ""))
    if "MemAvailable" not in fields:
        return None
    return Memory(
        available_bytes=int(fields["MemAvailable"]) * 1024,
        slab_unreclaimable_bytes=int(fields.get("SUnreclaim", 0)) * 1024,
    )
