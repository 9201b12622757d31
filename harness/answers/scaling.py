"""How the cost grows with the producers: each number of them against its own reference, and the
prices against that with the fewest, paired by block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from harness.analysis.paired_difference import Difference, paired_difference
from harness.analysis.series import Series, collect
from harness.answers.waiting import share_waited
from harness.model.result import Comparison, LossComparison
from harness.model.run import AA, Cell, Sample
from harness.model.scaling import Growth, ScalingPoint
from harness.model.stored.plan import StoredPlan
from harness.model.stored.trial import StoredStatus, operations_of
from harness.model.worker_counts import without_workers

CPU = "cpu_total_ns_per_op"
_ELAPSED = "elapsed_ns_per_op"


def scaling(
    samples: Sequence[Sample],
    comparisons: Sequence[Comparison],
    losses: Sequence[LossComparison],
    plan: StoredPlan,
) -> Iterator[ScalingPoint]:
    """Every compared cell with a number of workers of its own: those of one scenario together, the
    fewest workers first. None where the plan compares no numbers.
    """
    if not plan.worker_counts:
        return
    used = [s for s in samples if s.valid and not s.warm_up]
    found = [_point(each, used, comparisons, losses, plan) for each in _compared(comparisons, plan)]
    found.sort(key=lambda point: point.producers)
    series: dict[tuple[str, str, str], list[ScalingPoint]] = {}
    for point in found:
        key = point.cell.workload, point.scenario, point.cell.consumer
        series.setdefault(key, []).append(point)
    prices = _prices(used, plan)
    for points in series.values():
        yield points[0]
        for point in points[1:]:
            yield _with_growth(point, points[0], prices, plan)


def _compared(comparisons: Sequence[Comparison], plan: StoredPlan) -> Iterator[Comparison]:
    for comparison in comparisons:
        cell = comparison.cell
        scenario = plan.scenario(cell.workload, cell.scenario)
        if (
            comparison.metric == plan.primary
            and comparison.verdict not in ("reference", "no-reference")
            and not cell.scenario.endswith(AA)
            and scenario is not None
            and scenario.workers is not None
            and not scenario.larger_backlog_of
        ):
            yield comparison


def _point(
    comparison: Comparison,
    used: Sequence[Sample],
    comparisons: Sequence[Comparison],
    losses: Sequence[LossComparison],
    plan: StoredPlan,
) -> ScalingPoint:
    cell = comparison.cell
    own = [sample for sample in used if sample.cell == cell]
    factor = _factor(plan, cell)
    loss = next((each for each in losses if each.cell == cell), None)
    cpu = next((each for each in comparisons if (each.cell, each.metric) == (cell, CPU)), None)
    reference = None if comparison.reference is None else comparison.reference * factor
    return ScalingPoint(
        cell=cell,
        scenario=without_workers(cell.scenario),
        producers=plan.workers_of(cell),
        time_ns=comparison.estimate * factor,
        reference_ns=reference,
        price_ns=_added(reference, comparison.ratio),
        price_low=_added(reference, comparison.ci_low),
        price_high=_added(reference, comparison.ci_high),
        waited_ns=_waited_ns(own),
        waited_share=share_waited(own, plan.workers_of(cell)),
        backlog_high=_longest_queue(own),
        backlog_limit=next(
            (StoredStatus.before(s).backlog_limit for s in own if s.status_before), None
        ),
        trials=len(own),
        trials_with_loss=loss.trials_with_loss if loss is not None and loss.trials else None,
        cpu_ns=cpu.estimate if cpu is not None else None,
        reference_cpu_ns=cpu.reference if cpu is not None else None,
    )


def _factor(plan: StoredPlan, cell: Cell) -> int:
    """From the primary metric to what one producer spends: CPU time is no time of all at once."""
    return plan.workers_of(cell) if plan.primary == _ELAPSED else 1


def _added(reference_ns: float | None, ratio: float | None) -> float | None:
    return None if reference_ns is None or ratio is None else reference_ns * (ratio - 1)


def _longest_queue(samples: Sequence[Sample]) -> int | None:
    """In records. Producers wait only where the queue is full, which may be between two looks."""
    seen = [s.backlog_high for s in samples if s.backlog_high is not None]
    full = [StoredStatus.before(s).backlog_limit for s in samples if s.ledger.waited_ms]
    return max([*seen, *full], default=None)


def _waited_ns(samples: Sequence[Sample]) -> float | None:
    """Per operation, whichever producer it was of; None where one trial leaves it unknown."""
    waited = [s.ledger.waited_ms for s in samples if s.ledger.waited_ms is not None]
    operations = sum(map(operations_of, samples))
    if not operations or len(waited) < len(samples):
        return None
    return sum(waited) * 1e6 / operations


def _prices(used: Sequence[Sample], plan: StoredPlan) -> Mapping[Cell, Series]:
    """What each cell adds to its reference in each block, as one producer spends it."""
    values = collect(used, plan.primary)
    reference = plan.reference
    prices: dict[Cell, Series] = {}
    for cell, series in values.items():
        against, factor = values.get(reference.of(cell), {}), _factor(plan, cell)
        both = sorted(series.keys() & against.keys())
        prices[cell] = {block: factor * (series[block] - against[block]) for block in both}
    return prices


def _with_growth(
    point: ScalingPoint, first: ScalingPoint, prices: Mapping[Cell, Series], plan: StoredPlan
) -> ScalingPoint:
    """The point with the difference of its price to that of the first, if both have one."""
    more, less = prices.get(point.cell, {}), prices.get(first.cell, {})
    both = sorted(more.keys() & less.keys())
    found = paired_difference([more[block] - less[block] for block in both])
    if found is None:
        return replace(point, growth="inconclusive", growth_blocks=len(both))
    return replace(
        point,
        growth=_growth(found, plan.margins.of(plan.primary) * (point.reference_ns or 0.0)),
        growth_ns=found.centre,
        growth_low=found.low,
        growth_high=found.high,
        growth_blocks=len(both),
    )


def _growth(found: Difference, margin_ns: float) -> Growth:
    """As a ratio is judged: beyond the margin, within it, or neither."""
    if found.low > margin_ns:
        return "grows"
    if found.high < -margin_ns:
        return "shrinks"
    inside = -margin_ns < found.inner_low and found.inner_high < margin_ns
    return "equal" if inside else "inconclusive"
