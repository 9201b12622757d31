"""Every metric that a trial yields, with what it means.

Adding one: the file that reads it, and an entry in METRICS for what is to be compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Better = Literal["less", "more"]
Kind = Literal["time", "cpu", "waiting", "count", "noise"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a trial.

    `kind`: `time` is wall-clock, `cpu` is CPU time, `waiting` is time in which nothing ran,
    `count` counts, `noise` is how much other work disturbed the trial. `better` is None if neither
    more nor less is better. `compared` metrics get a ratio to the reference; the others are
    reported as they are, since they are zero if all is well. Metrics `of_consumer` are compared
    between consumers and between runs: a scenario without events has none to compare with.
    """

    name: str
    unit: str
    summary: str
    kind: Kind
    better: Better | None
    compared: bool
    of_consumer: bool = False


def _cost(name: str, kind: Kind, summary: str) -> Metric:
    return Metric(name, "ns", summary, kind, better="less", compared=True)


def _count(name: str, summary: str, better: Better | None, unit: str = "1") -> Metric:
    return Metric(name, unit, summary, "count", better, compared=False)


def _waiting(name: str, summary: str) -> Metric:
    return Metric(name, "%", summary, "waiting", better="less", compared=False)


def _of_consumer(name: str, kind: Kind, unit: str, summary: str) -> Metric:
    return Metric(name, unit, summary, kind, better="less", compared=True, of_consumer=True)


def _noise(name: str, unit: str, summary: str) -> Metric:
    return Metric(name, unit, summary, "noise", better="less", compared=False)


_ALL = (
    _cost(
        "elapsed_ns_per_op",
        "time",
        "wall-clock time of the timed section per operation done, all workers together",
    ),
    _cost(
        "cpu_total_ns_per_op",
        "cpu",
        "CPU time per operation of workload, consumer and kauditd together",
    ),
    _cost(
        "cpu_workload_ns_per_op",
        "cpu",
        "CPU time per operation of the workload and its children; the cost to the audited program",
    ),
    _cost("cpu_workload_user_ns_per_op", "cpu", "of it, in user mode"),
    _cost(
        "cpu_workload_system_ns_per_op",
        "cpu",
        "of it, in the kernel: the syscalls themselves, filters, formatting of records",
    ),
    _cost(
        "cpu_consumer_ns_per_op",
        "cpu",
        "CPU time per operation of the consumer and its helpers; receiving, decoding, writing",
    ),
    _cost(
        "cpu_kauditd_ns_per_op",
        "cpu",
        "CPU time per operation of the kernel thread that delivers the records",
    ),
    _cost("latency_p50_ns", "time", "half of the operations took no longer than this"),
    _cost("latency_p99_ns", "time", "99 % of the operations took no longer than this"),
    _cost("latency_p999_ns", "time", "99.9 % of the operations took no longer than this"),
    _cost(
        "victim_latency_p50_ns",
        "time",
        "half of the operations of the innocent load beside it took no longer than this",
    ),
    _cost("victim_latency_p99_ns", "time", "99 % of them took no longer than this"),
    _cost("victim_latency_p999_ns", "time", "99.9 % of them took no longer than this"),
    _cost("victim_longest_ns", "time", "the longest of them: the longest stall"),
    _waiting(
        "victim_waiting_percent",
        "share of the time that the innocent load slept for room in the backlog",
    ),
    _waiting("victim_longest_waiting_percent", "the same of its longest stall alone"),
    Metric(
        "waited_ms",
        "ms",
        "time that producers slept because the backlog was full, summed over all of them; "
        "waiting, not CPU (backlog_wait_time_actual)",
        "waiting",
        better="less",
        compared=False,
    ),
    _of_consumer(
        "cpu_consumer_ns_per_event",
        "cpu",
        "ns",
        "CPU time of the consumer and its helpers per event that it received",
    ),
    _count(
        "cpu_process_ns_per_event",
        "of it, by process, which is named after a colon: `cpu_process_ns_per_event:laurel`",
        "less",
        unit="ns",
    ),
    _of_consumer(
        "consumer_memory_bytes",
        "count",
        "B",
        "highest resident memory of the consumer's processes together",
    ),
    _count("consumer_written_bytes_per_event", "bytes that it wrote per event", None, unit="B"),
    _of_consumer(
        "delay_p50_ms",
        "time",
        "ms",
        "median age of the newest event in the consumer's output, over the times that it had "
        "grown while the load ran",
    ),
    _count("delay_max_ms", "the same at its worst", "less", unit="ms"),
    _count("rate_per_s", "operations per second requested while a rate is searched for", None),
    _count("rate_reached_per_s", "operations per second reached there", None),
    _count(
        "through_ms",
        "time from the load's end until the consumer had taken all that it made, there",
        "less",
        unit="ms",
    ),
    _count(
        "events_generated", "events that the rules should generate for the operations done", None
    ),
    _count("events_received", "events that arrived, with all or some of their records", "more"),
    _count("lost", "records that the kernel refused, by its own counter; not events", "less"),
    _count(
        "socket_drops",
        "deliveries that the consumer's socket buffer had no room for; for the registered daemon "
        "they may have been repeated, for a multicast listener they are gone",
        "less",
    ),
    _noise(
        "steal_percent",
        "%",
        "time that the hypervisor gave to others, as a share of all CPUs' time; in ticks of 10 ms",
    ),
    _noise(
        "pressure_cpu_percent",
        "%",
        "share of the trial in which a task waited for a CPU (PSI, some)",
    ),
    _noise("pressure_memory_percent", "%", "the same for memory"),
    _noise("pressure_io_percent", "%", "the same for I/O"),
    _noise(
        "slowdown_percent",
        "%",
        "how much slower than at full speed the workload's CPU did a fixed piece of work, just "
        "before the load or just after; mostly neighbours on the same physical core",
    ),
    _noise("load_one_minute", "1", "load average when the trial began"),
    _noise(
        "involuntary_switches",
        "1",
        "times that the workload or its children had to give up the CPU in the timed section",
    ),
    _noise("consumer_involuntary_switches", "1", "the same for the consumer, in the whole trial"),
    Metric(
        "frequency_mhz",
        "MHz",
        "clock frequency, the mean of the CPUs at the end; a constant in most virtual machines",
        "noise",
        better=None,
        compared=False,
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}
