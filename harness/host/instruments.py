"""The kernel's means of measuring: CPU time in ns, counters, independent counts."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness.host.finding import Finding
from harness.host.kernel import KernelFacts
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
    """None in `tracefs`: not mounted. `perf_event_paranoid` as in `/proc/sys/kernel`."""

    schedstat: bool
    """Whether `/proc/PID/schedstat` gives CPU time in ns."""
    hardware_counters_error: str | None
    """The reason why instructions cannot be counted; None if they can."""
    perf_event_paranoid: int | None
    tracefs: str | None


def read_instrument_facts(
    tree: HostTree, *, try_counter: Callable[[], str | None] | None = None
) -> InstrumentFacts:
    """Read `/proc` and `/sys`, and try to open one hardware counter on this process."""
    words = (tree.text("/proc/self/schedstat") or "").split()
    mounted = [folder for folder in TRACEFS_FOLDERS if tree.exists(f"{folder}/events")]
    return InstrumentFacts(
        schedstat=len(words) == 3 and words[0] != "0",
        hardware_counters_error=(try_counter or hardware_counter_error)(),
        perf_event_paranoid=tree.number("/proc/sys/kernel/perf_event_paranoid"),
        tracefs=mounted[0] if mounted else None,
    )


def hardware_counter_error() -> str | None:
    """The reason why instructions of this process cannot be counted, or None."""
    try:
        os.close(open_counter(CounterType.HARDWARE, HARDWARE_INSTRUCTIONS, pid=0, cpu=-1))
    except OSError as error:
        return _COUNTER_ERRORS.get(error.errno or 0, error.strerror or str(error))
    return None


def check(instruments: InstrumentFacts, kernel: KernelFacts) -> Iterator[Finding]:
    """Check CPU accounting, hardware counters, tracepoints and process events."""
    yield _cpu_time(instruments)
    yield _counters(instruments)
    yield _tracepoints(instruments, kernel)
    yield _process_events(kernel)


def _cpu_time(instruments: InstrumentFacts) -> Finding:
    if instruments.schedstat:
        return Finding(
            "cpu-time", "ok", "CPU time of processes in ns", evidence="/proc/self/schedstat"
        )
    return Finding(
        "cpu-time",
        "warning",
        "CPU time of processes only in ticks of 10 ms: kauditd's share is coarse",
        "boot a kernel with CONFIG_SCHED_INFO; until then use more operations per trial",
        "/proc/self/schedstat",
    )


def _counters(instruments: InstrumentFacts) -> Finding:
    if instruments.hardware_counters_error is None:
        return Finding(
            "hardware-counters",
            "ok",
            "instructions and cycles can be counted",
            evidence="perf_event_open",
        )
    return Finding(
        "hardware-counters",
        "note",
        f"no hardware counters: {instruments.hardware_counters_error}",
        "nothing here depends on them; in a virtual machine the hypervisor must pass on the PMU",
        "perf_event_open",
    )


def _tracepoints(instruments: InstrumentFacts, kernel: KernelFacts) -> Finding:
    if kernel.config.get("CONFIG_FTRACE_SYSCALLS") == "n":
        return Finding(
            "tracepoints",
            "note",
            "built without CONFIG_FTRACE_SYSCALLS: syscalls cannot be counted independently",
            evidence=kernel.config_source or "",
        )
    if instruments.tracefs is None:
        return Finding(
            "tracepoints",
            "ok",
            "tracefs is not mounted; it is opened privately when syscalls are counted",
        )
    return Finding("tracepoints", "ok", f"tracefs at {instruments.tracefs}")


def _process_events(kernel: KernelFacts) -> Finding:
    if kernel.config.get("CONFIG_PROC_EVENTS") == "n":
        return Finding(
            "process-events",
            "note",
            "built without CONFIG_PROC_EVENTS: executions cannot be counted independently",
            evidence=kernel.config_source or "",
        )
    return Finding("process-events", "ok", "the kernel reports executions independently of audit")
