"""Total CPU, named where it decides what elapsed time leaves inconclusive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model.compare import ChangeReport
from harness.model.gate import Limit, Reading
from harness.model.result import Comparison, Result
from harness.model.run import AA
from harness.reporters.units import percent
from harness.reporters.words import VERDICTS, metric_words

CPU = "cpu_total_ns_per_op"
_DECIDED = ("worse", "better", "equal")


def deciding_sentences(result: Result) -> list[str]:
    """A sentence where total CPU decides what the primary metric does not."""
    compared = [c for c in result.comparisons if not c.cell.scenario.endswith(AA)]
    found = _decided(compared, result.primary)
    if not found:
        return []
    return [f"{_begin(result.primary)}: {_list(found)}."]


def deciding_words(report: ChangeReport) -> str:
    """The same of a comparison of runs, with the option that asks for it; empty where neither."""
    compared = [c.comparison for pair in report.pairs for c in pair.changes if c.counts]
    found = _decided(compared, report.primary)
    if not found:
        return ""
    return f" {_begin(report.primary)}: {_list(found)}; `--metric {CPU}` asks only that."


def gate_words(limit: Limit, reading: Reading) -> str:
    """Which limit would decide instead of an inconclusive one; empty where none is known."""
    if not reading.decided_by:
        return ""
    *scope, _ = limit.text.rpartition(":")[0].split("/")
    name = "/".join([*scope, "cpu"])
    amount = limit.text.rpartition(":")[2]
    return f"; {metric_words(reading.decided_by)} decides: --fail {name}:{amount}"


def _decided(comparisons: Sequence[Comparison], primary: str) -> list[Comparison]:
    if primary == CPU:
        return []
    still_open = {
        c.cell for c in comparisons if c.metric == primary and c.verdict == "inconclusive"
    }
    return [
        c
        for c in comparisons
        if c.metric == CPU and c.cell in still_open and c.verdict in _DECIDED and c.ratio
    ]


def _begin(primary: str) -> str:
    words = metric_words(primary)
    return f"{words[0].upper()}{words[1:]} cannot decide, but {metric_words(CPU)} can"


def _list(found: Iterable[Comparison]) -> str:
    return ", ".join(
        f"{c.cell.workload} × {c.cell.scenario} {percent(c.ratio or 1.0)} "
        f"({VERDICTS[c.verdict].word})"
        for c in found
    )
