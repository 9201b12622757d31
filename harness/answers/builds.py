"""Builds of one consumer in a run, each against the first: what an event costs, memory, delay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.against_reference import MetricView, compare
from harness.analysis.loss import compare_losses
from harness.metrics.catalog import METRICS
from harness.model.reference import Reference
from harness.model.result import BuildChange, Comparison
from harness.model.run import Cell, Sample
from harness.model.stored.plan import StoredPlan

COST = "cpu_consumer_ns_per_event"
COMPARED = (COST, "consumer_memory_bytes", "delay_p50_ms", "elapsed_ns_per_op")
"""Of the last the load is what takes the time: a consumer that is slow makes it wait."""
MARK = "@"
"""Between the name of a consumer and the label of a build."""


def builds(samples: Sequence[Sample], plan: StoredPlan) -> Iterator[BuildChange]:
    """Every build but the first of its consumer, in every cell in which both received events."""
    families: dict[str, list[str]] = {}
    for name in plan.consumers:
        base, mark, _ = name.partition(MARK)
        if mark:
            families.setdefault(base, []).append(name)
    for first, *others in families.values():
        if others:
            yield from _family(first, others, samples, plan)


def _family(
    first: str, others: Sequence[str], samples: Sequence[Sample], plan: StoredPlan
) -> Iterator[BuildChange]:
    reference = Reference(consumer=first)
    own = [sample for sample in samples if sample.consumer in (first, *others)]
    # A cell without events has memory and time, but nothing that its consumer did.
    busy = {sample.cell for sample in own if COST in sample.metrics}
    own = [sample for sample in own if sample.cell in busy]
    found: dict[Cell, list[Comparison]] = {}
    for comparison in compare(
        own,
        [MetricView(name, METRICS[name].unit) for name in COMPARED],
        reference,
        margin=plan.margins.general,
        margins=plan.margins.by_metric,
        primary=COST,
    ):
        if comparison.ratio is not None and comparison.verdict != "reference":
            found.setdefault(comparison.cell, []).append(comparison)
    losses = {loss.cell: loss for loss in compare_losses(own, reference)}
    for cell, comparisons in found.items():
        yield BuildChange(cell, reference.of(cell), tuple(comparisons), losses.get(cell))
