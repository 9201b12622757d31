"""The load average. A moment: it has no difference."""

from __future__ import annotations

from dataclasses import dataclass

from harness.host.tree import HostTree


@dataclass(frozen=True, slots=True)
class Load:
    """Tasks that run or wait for a disk, averaged; and how many run at this very moment."""

    one_minute: float
    five_minutes: float
    running: int
    tasks: int


def read_load(tree: HostTree | None = None) -> Load | None:
    """Reads `/proc/loadavg` (`0.20 0.18 0.12 1/80 11206`)."""
    words = ((tree or HostTree()).text("/proc/loadavg") or "").split()
    if len(words) < 4:
        return None
    running, _, tasks = words[3].partition("/")
    return Load(float(words[0]), float(words[1]), int(running), int(tasks))
