"""Which of the kernel's measuring instruments can be used here."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass

from harness.host.perf_event import HARDWARE_INSTRUCTIONS, CounterType, open_counter
from harness.host.tree import HostTree

TRACEFS_FOLDERS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")

_COUNTER_ERRORS = {
    errno.ENOENT: "the CPU, or its hypervisor, shows none",
    errno.EOPNOTSUPP: "the CPU, or its hypervisor, shows none",
    errno.ENOSYS: "the kernel has no perf events",
    errno.EACCES: "kernel.perf_event_paranoid forbids it",
    errno.EPERM: "not permitted",
}


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """`None` in `tracefs`: not mounted. `perf_event_paranoid` as in `/proc/sys/kernel`."""

    schedstat: bool
    """Whether `/proc/PID/schedstat` gives CPU time in ns."""
    hardware_counters_error: str | None
    """Why instructions cannot be counted, `None` when they can."""
    perf_event_paranoid: int | None
    tracefs: str | None


def read_instrument_facts(
    tree: HostTree, *, try_counter: Callable[[], str | None] | None = None
) -> InstrumentFacts:
    """Reads `/proc` and `/sys`, and opens one hardware counter on this very process to see."""
    words = (tree.text("/proc/self/schedstat") or "").split()
    mounted = [folder for folder in TRACEFS_FOLDERS if tree.exists(f"{folder}/events")]
    return InstrumentFacts(
        schedstat=len(words) == 3 and words[0] != "0",
        hardware_counters_error=(try_counter or hardware_counter_error)(),
        perf_event_paranoid=tree.number("/proc/sys/kernel/perf_event_paranoid"),
        tracefs=mounted[0] if mounted else None,
    )


def hardware_counter_error() -> str | None:
    """Why instructions of this process cannot be counted, or `None`."""
    try:
        os.close(open_counter(CounterType.HARDWARE, HARDWARE_INSTRUCTIONS, pid=0, cpu=-1))
    except OSError as error:
        return _COUNTER_ERRORS.get(error.errno or 0, error.strerror or str(error))
    return None
