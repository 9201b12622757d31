"""Processes of a service: their tree, the CPU time that they used, and where they listen."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_LISTENS = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
"""States in the kernel's tables: TCP that listens, UDP that is not connected."""
_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 11, 12, 13, 14
"""Places in /proc/PID/stat after the name."""
_CPU_CLOCK = 2
"""CPUCLOCK_SCHED of a whole process: all that its threads ran, those that ended among them."""


@dataclass(frozen=True, slots=True)
class CpuTime:
    """CPU time in nanoseconds."""

    user_ns: int = 0
    system_ns: int = 0

    def since(self, before: CpuTime) -> CpuTime:
        """What was used since; never below 0, as processes may have ended."""
        return CpuTime(
            max(self.user_ns - before.user_ns, 0), max(self.system_ns - before.system_ns, 0)
        )


def tree_of(root: int) -> list[int]:
    """A process and all its descendants that live, from parents to children."""
    by_parent: dict[int, list[int]] = {}
    for pid in _pids():
        fields = _stat(pid)
        if fields:
            by_parent.setdefault(int(fields[1]), []).append(pid)
    found, at = [root], 0
    while at < len(found):
        found += by_parent.get(found[at], [])
        at += 1
    return found


def cpu_time(pids: Iterable[int]) -> CpuTime:
    """What processes and their ended children used so far.

    The total of a process is exact; ticks of 10 ms only divide it into user and system. Ended
    children are counted in ticks.
    """
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    user, system = 0, 0
    for pid in pids:
        fields = _stat(pid)
        if not fields:
            continue
        own_user, own_system, ended_user, ended_system = (
            int(fields[place]) * tick_ns
            for place in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM)
        )
        total = _ran_ns(pid)
        if total is not None:
            ticks = own_user + own_system
            own_user = round(total * (own_user / ticks)) if ticks else total
            own_system = total - own_user
        user += own_user + ended_user
        system += own_system + ended_system
    return CpuTime(user, system)


def _ran_ns(pid: int) -> int | None:
    try:
        return time.clock_gettime_ns((~pid << 3) | _CPU_CLOCK)
    except OSError:
        return None


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdecimal()]  # noqa: PTH208 - read for each trial


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name; none of a process that is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def listening_addresses(pids: Iterable[int]) -> list[tuple[str, int]]:
    """Where processes of these accept from the network, as far as it may be seen."""
    inodes = {inode for pid in pids for inode in _socket_inodes(pid)}
    found = []
    for table, state in _LISTENS.items():
        with contextlib.suppress(OSError):
            lines = (PROC / "self/net" / table).read_text().splitlines()[1:]
            fields = [line.split() for line in lines]
            found += [
                _address(each[1]) for each in fields if each[3] == state and each[9] in inodes
            ]
    return found


def _socket_inodes(pid: int) -> list[str]:
    folder = PROC / str(pid) / "fd"
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):  # noqa: PTH208 - read for each trial
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{name}")  # noqa: PTH115
                if target.startswith("socket:["):
                    found.append(target[8:-1])
    return found


def _address(text: str) -> tuple[str, int]:
    """An address of the kernel's tables: words of 32 bits in the byte order of the machine."""
    words, _, port = text.partition(":")
    raw = bytes.fromhex(words)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    return str(ipaddress.ip_address(raw)), int(port, 16)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it."""
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
