"""Which metric would decide a limit on elapsed time that is inconclusive: total CPU, or none."""

from __future__ import annotations

from collections.abc import Iterable

from harness.analysis.limit import judge_interval
from harness.model.gate import Limit
from harness.model.result import Comparison
from harness.model.run import Cell

ELAPSED = "elapsed_ns_per_op"
CPU = "cpu_total_ns_per_op"


def deciding_metric(limit: Limit, cell: Cell, comparisons: Iterable[Comparison]) -> str:
    """The metric's name; empty where the same limit on it is inconclusive, too."""
    if limit.metric != ELAPSED:
        return ""
    for found in comparisons:
        if found.cell == cell and found.metric == CPU:
            outcome = judge_interval(found.ci_low, found.ci_high, limit.bound)
            return "" if outcome == "inconclusive" else CPU
    return ""
