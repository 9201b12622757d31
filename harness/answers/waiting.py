"""Waiting for room in the backlog: how much of a cell's time it was, and the cell's price without.

The kernel makes a producer sleep while its queue is full, so a part of such a cell's time depends
on `backlog_limit` and not on the rules. Nothing is subtracted: the price without waiting is that of
a further cell, the same rules with a larger backlog, measured in the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.model.result import WAITS, Comparison, Waiting
from harness.model.run import Cell, Sample
from harness.model.stored.plan import StoredPlan
from harness.model.stored.trial import StoredStatus, operations_of

OTHERS = 0.01
"""The share that other processes have of the events from which their waiting is not passed over."""
MARKERS = 3
"""Events of the harness in each trial."""


def waits(share: float | None) -> bool:
    """Whether a share of the time is told as waiting."""
    return share is not None and share > WAITS


def share_waited(samples: Iterable[Sample], workers: int) -> float | None:
    """The share of their elapsed time that producers waited, 0 to 1; None where it is unknown.

    The kernel's counter is the sum over all producers, so the elapsed time of each of the
    `workers` counts. At most 1, as other processes may have waited as well; none of it is that of
    a load that made no event.
    """
    waited_ns = available_ns = 0.0
    for sample in samples:
        per_operation = sample.metrics.get("elapsed_ns_per_op")
        waited_ms = sample.ledger.waited_ms_of_load
        if per_operation is None or waited_ms is None:
            continue
        waited_ns += waited_ms * 1e6
        available_ns += per_operation * operations_of(sample) * max(workers, 1)
    return min(waited_ns / available_ns, 1.0) if available_ns else None


def share_waited_in(samples: Iterable[Sample], plan: StoredPlan, cell: Cell) -> float | None:
    """The same of what counts of one cell of a run."""
    used = (s for s in samples if s.cell == cell and s.valid and not (s.warm_up or s.ladder))
    return share_waited(used, plan.workers_of(cell))


def waiting(
    samples: Iterable[Sample], comparisons: Sequence[Comparison], plan: StoredPlan
) -> Iterator[Waiting]:
    """The cells that waited for more than 2 % of their time, in the order of the samples."""
    by_cell: dict[Cell, list[Sample]] = {}
    for sample in samples:
        if sample.valid and not (sample.warm_up or sample.ladder):
            by_cell.setdefault(sample.cell, []).append(sample)
    primary = {each.cell: each for each in comparisons if each.metric == plan.primary}
    for cell, group in by_cell.items():
        share = share_waited(group, plan.workers_of(cell))
        if share is None or not waits(share) or larger_backlog_of(plan, cell):
            continue
        further = next((c for c in by_cell if larger_backlog_of(plan, c) == cell), None)
        beyond = by_cell[further] if further is not None else []
        yield Waiting(
            cell=cell,
            share=share,
            backlog_limit=_limit(group),
            further=further,
            further_backlog_limit=_limit(beyond),
            further_share=share_waited(beyond, plan.workers_of(cell)),
            cost=primary.get(further) if further is not None else None,
            with_others=_others_waited(group),
        )


def _others_waited(samples: Iterable[Sample]) -> bool:
    """Whether so many events of other processes arrived that their waiting may be among it."""
    own = others = 0
    for sample in samples:
        ledger = sample.ledger
        own += (ledger.complete or 0) + (ledger.partial or 0)
        others += max((ledger.foreign_events or 0) - MARKERS, 0)
    return others > OTHERS * (own + others)


def larger_backlog_of(plan: StoredPlan, cell: Cell) -> Cell | None:
    """The cell that this one measures with a larger backlog; None for any other cell."""
    scenario = plan.scenario(cell.workload, cell.scenario)
    if scenario is None or not scenario.larger_backlog_of:
        return None
    return Cell(cell.workload, scenario.larger_backlog_of, cell.consumer)


def scenarios_with_larger_backlog(plan: StoredPlan) -> set[str]:
    """The scenarios that a run added to measure others without waiting."""
    return {
        each.name for group in plan.scenarios.values() for each in group if each.larger_backlog_of
    }


def _limit(samples: Sequence[Sample]) -> int | None:
    """The backlog limit in force; None where that was not recorded."""
    return next((StoredStatus.before(s).backlog_limit for s in samples if s.status_before), None)
