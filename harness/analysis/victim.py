"""What the innocent load beside a noisy one felt, cell by cell."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from harness.model.run import Cell, Sample
from harness.model.stored.plan import StoredPlan
from harness.model.stored.victim import PRIMARY, VictimCell

LONGEST = "victim_longest_ns"
P50, P999 = "victim_latency_p50_ns", "victim_latency_p999_ns"
_PERCENT = 100.0


def victims(samples: Iterable[Sample], plan: StoredPlan) -> list[VictimCell]:
    """The cells with a victim, in the order of the samples; trials that count only.

    One that lacks a number that every victim has is damaged, and left out.
    """
    by_cell: dict[Cell, list[Sample]] = {}
    for sample in samples:
        told = sample.metrics.keys() >= {LONGEST, P50, PRIMARY, P999}
        if sample.valid and not sample.warm_up and told:
            by_cell.setdefault(sample.cell, []).append(sample)
    return [_cell(cell, group, plan) for cell, group in by_cell.items()]


def _cell(cell: Cell, group: Sequence[Sample], plan: StoredPlan) -> VictimCell:
    scenario = plan.scenario(cell.workload, cell.scenario)
    worst = max(group, key=lambda sample: sample.metrics[LONGEST])
    shares = [s.metrics[w] for s in group if (w := "victim_waiting_percent") in s.metrics]
    of_longest = worst.metrics.get("victim_longest_waiting_percent")
    return VictimCell(
        cell=cell,
        alone=scenario is not None and scenario.alone,
        is_reference=plan.reference.of(cell) == cell,
        trials=len(group),
        p50_ns=_median(group, P50),
        p99_ns=_median(group, PRIMARY),
        p999_ns=_median(group, P999),
        longest_ns=worst.metrics[LONGEST],
        waiting_share=statistics.fmean(shares) / _PERCENT if shares else None,
        longest_waiting_share=None if of_longest is None else of_longest / _PERCENT,
    )


def _median(group: Sequence[Sample], metric: str) -> float:
    return statistics.median(sample.metrics[metric] for sample in group)
