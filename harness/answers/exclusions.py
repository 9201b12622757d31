"""What exclusions gain: each against the same rules without it, in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.analysis.against_reference import MetricView, compare
from harness.metrics.catalog import METRICS
from harness.model.reference import Reference
from harness.model.result import Comparison, Exclusion
from harness.model.run import Cell, Sample, rules_without
from harness.model.stored.plan import StoredPlan
from harness.model.stored.trial import StoredWorkload, operations_of


def exclusions(samples: Sequence[Sample], plan: StoredPlan) -> Iterator[Exclusion]:
    """Every exclusion whose rules were also measured without it, in the order of the cells."""
    by_cell: dict[Cell, list[Sample]] = {}
    for sample in samples:
        by_cell.setdefault(sample.cell, []).append(sample)
    for cell, group in by_cell.items():
        without = _without(cell)
        if without is None or without not in by_cell:
            continue
        if (gain := _gain(cell, without, [*by_cell[without], *group], plan)) is None:
            continue
        yield Exclusion(
            cell=cell,
            without=without,
            gain=gain,
            events=_events_per_operation(group),
            events_without=_events_per_operation(by_cell[without]),
            started=StoredWorkload.of(group[-1]).details.program,
        )


def _without(cell: Cell) -> Cell | None:
    """The cell of the same rules without the exclusion; None for a cell that has none."""
    name = rules_without(cell.scenario)
    return None if name is None else replace(cell, scenario=name)


def _gain(
    cell: Cell, without: Cell, samples: Sequence[Sample], plan: StoredPlan
) -> Comparison | None:
    """The comparison of the two; None if no block has both."""
    metric = METRICS[plan.primary]
    view = MetricView(metric.name, metric.unit, less_is_better=metric.better != "more")
    margins = plan.margins
    found = compare(
        samples,
        [view],
        Reference(scenario=without.scenario),
        margin=margins.general,
        margins=margins.by_metric,
        primary=metric.name,
    )
    return next((each for each in found if each.cell == cell and each.ratio is not None), None)


def _events_per_operation(samples: Sequence[Sample]) -> float | None:
    """The events that were recorded, or were to be; None where one trial leaves it unknown."""
    counted = [sample for sample in samples if sample.valid and not sample.warm_up]
    operations = sum(map(operations_of, counted))
    events = [_events(sample) for sample in counted]
    known = [number for number in events if number is not None]
    if not operations or len(known) < len(events):
        return None
    return sum(known) / operations


def _events(sample: Sample) -> int | None:
    ledger = sample.ledger
    if ledger.generated is None:
        return ledger.complete
    return ledger.generated - (ledger.suppressed or 0)
