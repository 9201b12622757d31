"""The words, marks and colours of verdicts, outcomes and metrics: every report takes them here.

docs/words.md explains them; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from harness.counted import counted
from harness.host.finding import Severity
from harness.model.compare import ChangeVerdict
from harness.model.count import CountVerdict
from harness.model.count_changes import CountAnswer
from harness.model.gate import Outcome
from harness.model.result import Comparison, Verdict
from harness.model.scaling import Growth
from harness.reporters.units import share


class Look(NamedTuple):
    """One verdict as it is shown. `mark` goes before the word in text, `shape` in pictures."""

    word: str
    mark: str = ""
    style: str = "dim"
    """A style of rich, for terminals."""
    shape: str = ""
    marker: str = "x"
    """The same shape as matplotlib calls it."""
    series: int | None = None
    """The colour among a plot's; None is that of its text."""

    @property
    def marked(self) -> str:
        """The word after its mark, for tables."""
        return f"{self.mark} {self.word}".lstrip()


VERDICTS: Mapping[Verdict, Look] = {
    "worse": Look("worse", "▲", "red", "▲", "^", 4),
    "better": Look("better", "▼", "green", "▼", "v", 2),
    "equal": Look("equal", "=", "cyan", "■", "s", 0),
    "inconclusive": Look("inconclusive", "?", "yellow", "○", "o"),
    "lost": Look("lost", "✗", "bold red", "✗", "X", 4),
    "reference": Look("reference", marker="D"),
    "no-reference": Look("not compared"),
    "nothing-matched": Look("nothing matched"),
}
JUDGED: tuple[Verdict, ...] = ("worse", "better", "equal", "inconclusive")
"""The verdicts on a comparison; the others say that there was none."""
COUNT_VERDICTS: Mapping[CountVerdict, Look] = {
    "worse": VERDICTS["worse"],
    "better": VERDICTS["better"],
    "equal": VERDICTS["equal"],
    "below-floor": VERDICTS["inconclusive"]._replace(word="below the floor"),
    "no-floor": VERDICTS["inconclusive"]._replace(word="no floor"),
}
"""Of two counts."""
OUTCOMES: Mapping[Outcome, Look] = {
    "pass": Look("within", "✓", "green"),
    "fail": Look("exceeded", "✗", "red"),
    "inconclusive": Look("inconclusive", "?", "yellow"),
    "no-events": Look("no events"),
}
"""Of a limit."""
LOSSES: Mapping[Verdict, str] = {
    "worse": "worse than the reference",
    "better": "better than the reference",
    "equal": "equal to the reference",
    "inconclusive": "inconclusive against the reference",
}
LOSSES_OF_B: Mapping[Verdict, str] = {
    "worse": "B loses more",
    "better": "B loses less",
    "equal": "equal",
    "inconclusive": "inconclusive",
    "lost": "B lost what A did not",
}
"""Of the loss of B against that of A."""
CHANGES: Mapping[ChangeVerdict, str] = {
    "worse": "Worse: at least one whole interval is beyond the margin.",
    "no-worse": "No worse.",
    "inconclusive": "Inconclusive: more blocks are needed.",
    "untrustworthy": "Not trustworthy.",
}
"""Of a whole comparison of runs."""
COUNT_CHANGES: Mapping[CountAnswer, str] = {
    "worse": "Worse",
    "no-worse": "No worse",
    "inconclusive": "Inconclusive: boots of one kernel lie as far apart as the margin, or were one",
    "untrustworthy": "Not trustworthy: something could not be counted",
}
"""Of counted runs."""
METHODS: Mapping[str, str] = {
    "paired": "ratio: by block within the run",
    "of-ratios": "ratio: of each run's ratio to its own reference; plain: of the metric itself",
    "plain": "*: ratio of the metric itself, because there is no reference to divide by",
}
STOPPED = Look("stopped", style="yellow")
DOUBTFUL = Look("doubtful", style="yellow")
"""Of a run in a history, the latter instead of a verdict."""
CHANGE_OF_LEVEL = Look("change of level", "◆", "bold magenta")
"""Of the first run of a new level."""
FINDINGS: Mapping[Severity, Look] = {
    "ok": Look("ok", style="green"),
    "note": Look("note", style="cyan"),
    "warning": Look("warn", style="yellow"),
    "unfit": Look("UNFIT", style="bold red"),
}
"""Of the doctor."""
SCENARIOS: Mapping[str, str] = {
    "no-audit": "audit is enabled and the load exempt by never,task, which costs the same as "
    "a kernel that never enabled audit",
}
"""Explanations of scenarios whose names alone would mislead."""
CONSUMERS: Mapping[str, str] = {
    "none": "no consumer listens",
    "discard": "the kernel alone: a socket filter drops every record on arrival",
    "count": "receives every record and looks only at its type",
    "decode": "locates every field of every record",
    "assemble": "decodes, and assembles records into events, whole or partial",
    "store": "assembles, and writes what auditd would write",
    "multicast-discard": "multicast: the kernel alone: a socket filter drops every record "
    "on arrival",
    "multicast-count": "multicast: receives every record and looks only at its type",
    "multicast-decode": "multicast: locates every field of every record",
    "multicast-assemble": "multicast: decodes, and assembles records into events, whole or partial",
    "multicast-store": "multicast: assembles, and writes what auditd would write",
    "auditd": "auditd with raw log",
    "auditd-enriched": "auditd that adds names to its log",
    "auditd-laurel": "auditd with raw log, and Laurel as its plugin: a line of JSON per event",
    "auditd-laurel-0.8": "auditd-laurel with the Laurel 0.8 that `make consumers` got",
    "auditd-3": "the auditd 3 that `make consumers` got",
    "auditd-4": "the auditd 4 that `make consumers` got",
    "auditd-syslog": "auditd with raw log, and its syslog plugin",
    "auditd-af-unix": "auditd with raw log, and its af_unix plugin with a client that keeps up",
    "auditd-af-unix-slow": "auditd-af-unix with a client that reads 2,000 records per second",
    "auditd-af-unix-suspend": "auditd-af-unix-slow with overflow_action=SUSPEND",
    "auditd+multicast": "auditd with raw log, and multicast-assemble beside it",
    "journald": "systemd-journald by multicast, as its own instance with its own journal",
    "auditd+journald": "auditd with raw log, and systemd-journald beside it by multicast",
    "go-audit": "go-audit, events to a file as JSON",
    "osqueryd": "osqueryd with audit_allow_config=false: it uses the rules that are there",
    "osqueryd-persist": "osqueryd with audit_persist=true: it takes the daemon's seat back if it "
    "loses it",
    "osqueryd-config": "osqueryd with audit_allow_config=true: it sets rules and limits by itself",
    "auditbeat": "Auditbeat by unicast, events to a file as JSON",
    "auditbeat-multicast": "Auditbeat by multicast, events to a file as JSON",
    "ebpf": "an eBPF probe on execve, connect and bind by bpftrace, without audit",
    "process-events": "the kernel's process events, without audit: executions, but not what "
    "was executed",
}
"""What each consumer is; a test compares them with the catalog, which cannot be imported here."""
_METRICS: Mapping[str, str] = {
    "elapsed_ns_per_op": "elapsed time",
    "cpu_total_ns_per_op": "total CPU",
    "cpu_workload_ns_per_op": "CPU of the workload",
    "cpu_workload_user_ns_per_op": "CPU of the workload, user mode",
    "cpu_workload_system_ns_per_op": "CPU of the workload, in the kernel",
    "cpu_consumer_ns_per_op": "CPU of the consumer",
    "cpu_kauditd_ns_per_op": "CPU of kauditd",
    "cpu_consumer_ns_per_event": "CPU per event of the consumer",
    "consumer_memory_bytes": "memory of the consumer",
    "delay_p50_ms": "delay of the output",
    "instructions_per_op": "instructions",
    "kauditd_instructions_per_op": "instructions of kauditd",
    "consumer_instructions_per_op": "instructions of the consumer",
    "events_per_op": "events",
    "records_per_op": "records",
    "rules_load_instructions": "instructions to load the rules",
    "rules_delete_instructions": "instructions to delete the rules",
    "latency_p50_ns": "latency p50",
    "latency_p99_ns": "latency p99",
    "latency_p999_ns": "latency p99.9",
    "victim_latency_p50_ns": "latency p50 of the victim",
    "victim_latency_p99_ns": "latency p99 of the victim",
    "victim_latency_p999_ns": "latency p99.9 of the victim",
    "victim_longest_ns": "longest stall of the victim",
}
GROWTHS: Mapping[Growth, str] = {
    "grows": "the price grows",
    "shrinks": "the price shrinks",
    "equal": "the price stays equal",
    "inconclusive": "whether the price grows is inconclusive",
}
"""Whether a price grows with the producers."""


def metric_words(metric: str) -> str:
    """A metric as people call it; its name where it has no words."""
    return _METRICS.get(metric, metric)


def metric_title(metric: str, operation: str = "operation") -> str:
    """The same as a title: with what it is counted for."""
    words = metric_words(metric)
    return f"{words} per {operation}" if words != metric and metric.endswith("_per_op") else words


def detectable_words(comparison: Comparison) -> str:
    """What an inconclusive verdict could have shown, and how many blocks would decide."""
    if comparison.verdict != "inconclusive" or comparison.detectable is None:
        return ""
    needed = comparison.blocks_needed
    more = "" if needed is None else f", about {counted(needed, 'block')} would decide"
    return f" (detects {share(comparison.detectable)}{more})"
