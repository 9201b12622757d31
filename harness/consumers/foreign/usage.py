"""CPU and memory use of a foreign consumer's processes, from ready until at rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree, keyed_lines

_WANTING = ("R", "D")
"""States of a thread in /proc: running or runnable, and waiting for a disk."""


@dataclass(frozen=True, slots=True)
class Used:
    """CPU time in ns and the highest resident memory in bytes, of all processes together."""

    user_ns: int
    system_ns: int
    by_process: Mapping[str, int]
    peak_memory_bytes: int


class Usage:
    """Reads a family of processes twice; `family` are names by pid."""

    def __init__(self, family: Mapping[int, str], tree: HostTree | None = None) -> None:
        self._tree = tree or HostTree()
        self._family = dict(family)
        self._before = {pid: read_process_cpu(pid, self._tree) for pid in self._family}

    def run_ns(self) -> int:
        """CPU time of all of them so far, without processes that have ended."""
        now = (read_process_cpu(pid, self._tree) for pid in self._family)
        return sum(_total_ns(cpu) for cpu in now if cpu is not None)

    def wants_more(self) -> bool:
        """Whether any of their threads is running, or waits for a CPU or a disk.

        On a busy machine one may wait longer than a rest takes, and use no CPU meanwhile.
        """
        return any(self._state(pid, thread) in _WANTING for pid, thread in self._threads())

    def _threads(self) -> Iterator[tuple[int, str]]:
        for pid in self._family:
            for thread in self._tree.names(f"/proc/{pid}/task"):
                yield pid, thread

    def _state(self, pid: int, thread: str) -> str:
        stat = self._tree.text(f"/proc/{pid}/task/{thread}/stat") or ""
        return stat.rpartition(") ")[2][:1]

    def used(self) -> Used:
        """Their use since the start; read it while they live."""
        user = system = peak = 0
        by_process: dict[str, int] = {}
        for pid, name in self._family.items():
            before, after = self._before[pid], read_process_cpu(pid, self._tree)
            if before is None or after is None:
                continue
            total = _total_ns(after) - _total_ns(before)
            share = _user_share(before, after)
            user += round(total * share)
            system += total - round(total * share)
            by_process[name] = by_process.get(name, 0) + total
            peak += self._peak_bytes(pid)
        return Used(user, system, by_process, peak)

    def _peak_bytes(self, pid: int) -> int:
        words = keyed_lines(self._tree.text(f"/proc/{pid}/status")).get("VmHWM", "0 kB").split()
        return int(words[0]) * 1024


def _total_ns(cpu: ProcessCpu) -> int:
    return cpu.user_ns + cpu.system_ns if cpu.run_ns is None else cpu.run_ns


def _user_share(before: ProcessCpu, after: ProcessCpu) -> float:
    """The share of user mode, from ticks: the scheduler's clock is exact but has no modes."""
    user, system = after.user_ns - before.user_ns, after.system_ns - before.system_ns
    return user / (user + system) if user + system else 0.0
