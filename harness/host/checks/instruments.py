"""What this kernel offers to measure with: CPU time in ns, counters, independent counts."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.finding import Finding
from harness.host.instrument_facts import InstrumentFacts
from harness.host.kernel_facts import KernelFacts


def check(instruments: InstrumentFacts, kernel: KernelFacts) -> Iterator[Finding]:
    """CPU accounting, hardware counters, tracepoints, process events."""
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
        "nothing here depends on them; in a virtual machine the hypervisor has to pass on the PMU",
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
    return Finding("process-events", "ok", "the kernel tells of executions independently of audit")
