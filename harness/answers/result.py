"""Samples to a result: comparisons, ledgers, noise floor and cautions of a stored run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from harness.analysis.against_reference import MetricView, compare, noise_floor
from harness.analysis.loss import compare_losses, lost_any
from harness.analysis.profile import profiles
from harness.analysis.published import redone
from harness.analysis.ranking import ranking
from harness.analysis.soak import trends
from harness.analysis.sustained import sustained
from harness.analysis.victim import victims
from harness.answers.builds import builds
from harness.answers.exclusions import exclusions
from harness.answers.lost import lost_cells, without_speed
from harness.answers.matched import unmatched_cells, unmatched_scenarios, without_price
from harness.answers.noise import noise_cautions
from harness.answers.open_ledgers import ledger_cautions, open_samples
from harness.answers.scaling import scaling
from harness.answers.searches.capacity import make_capacity
from harness.answers.searches.size import make_size
from harness.answers.trust import not_valid
from harness.answers.waiting import waiting
from harness.counted import agreeing, counted
from harness.metrics.catalog import METRICS
from harness.model.caution import Caution
from harness.model.matching import LOGIN_WARNING
from harness.model.reference import Reference
from harness.model.result import CellLedger, Comparison, ReportView, Result
from harness.model.run import Cell, Ledger, Sample
from harness.model.stored.plan import StoredPlan
from harness.model.stored.profile import StoredProfile
from harness.model.stored.trial import operations_of
from harness.store import StoredRun

COUNTS = tuple(f.name for f in fields(Ledger) if f.name != "attribution")


def make_result(stored: StoredRun) -> Result:
    """Everything a run says, from what was stored of it."""
    everything = in_plan_order(stored)
    # Steps of the ladder are about loss at a rate, and nothing beside that.
    samples = [sample for sample in everything if not sample.ladder]
    plan = stored.plan
    unmatched = unmatched_cells(plan, samples)
    losses = lost_cells(compare_losses(samples, plan.reference), plan)
    compared = without_price(compare_with(plan.reference, samples, plan), unmatched)
    comparisons = without_speed(compared, losses)
    # A trial that was repeated is one trial.
    measured = {sample.index for sample in everything}
    valid = {sample.index for sample in everything if sample.valid}
    capacity = make_capacity(stored, plan.capacity) if plan.capacity is not None else None
    size = make_size(stored, plan.sizing) if plan.sizing is not None else None
    search = capacity or size
    result = Result(
        run=stored.name,
        host=stored.environment,
        plan=plan,
        comparisons=tuple(comparisons),
        ledgers=tuple(cell_ledgers(samples)),
        noise_floor=tuple(noise_floor(comparisons, plan.primary)),
        # A search knows its trials: what is said of cells that are compared is not about them.
        cautions=search.cautions if search else (*stored.cautions, *_cautions(stored, comparisons)),
        trials=len(measured),
        invalid_trials=len(measured - valid),
        open_trials=len(open_samples(everything)),
        complete=plan.is_whole(len(measured)),
        losses=tuple(losses),
        ranking=tuple(ranking(samples)),
        sustained=tuple(sustained(everything)),
        exclusions=tuple(exclusions(samples, plan)),
        waiting=tuple(waiting(samples, comparisons, plan)),
        builds=tuple(builds(samples, plan)),
        scaling=tuple(scaling(samples, comparisons, losses, plan)),
        trends=tuple(trends(samples)),
        redone=tuple(redone(plan.published, comparisons)),
        victims=tuple(victims(samples, plan)),
        capacity=capacity,
        size=size,
        profiles=profiles(_profiled(stored)),
        primary=plan.primary,
        question=plan.question,
        operation=plan.operation,
        unmatched=unmatched,
        unmatched_scenarios=unmatched_scenarios(samples, unmatched),
    )
    if search is not None:
        return result
    return replace(result, cautions=(*result.cautions, *_too_little(result)))


def _too_little(result: Result) -> list[Caution]:
    """What makes a run inconclusive whatever its numbers are."""
    failed = not_valid(result)
    remedy = "find out why they failed, and run it again"
    if result.undecidable:
        return [Caution("inconclusive", f"{failed}, too few are left to decide anything", remedy)]
    if result.mostly_invalid:
        return [Caution("inconclusive", f"{failed}, too many to trust the rest", remedy)]
    return []


def _profiled(stored: StoredRun) -> list[StoredProfile]:
    """The profiles in the order in which the cells were named: the second is told against the
    first, also where a run that was resumed sampled them in another order.
    """
    asked = stored.plan.profiling.cells if stored.plan.profiling is not None else ()
    places = {cell: place for place, cell in enumerate(asked)}
    return sorted(stored.profiles, key=lambda each: places.get(each.cell, len(places)))


def make_view(stored: StoredRun) -> ReportView:
    """A stored run as reports and plots take it."""
    return ReportView(make_result(stored), tuple(in_plan_order(stored)))


def compare_with(
    reference: Reference, samples: Sequence[Sample], plan: StoredPlan
) -> list[Comparison]:
    """Every cell and metric against any reference, by the margins of the plan.

    What a consumer needs is compared with another consumer only.
    """
    between_consumers = reference.scenario is None and reference.consumer is not None
    return compare(
        samples,
        [view for view in metric_views() if view.divisible or between_consumers],
        reference,
        margin=plan.margins.general,
        margins=plan.margins.by_metric,
        primary=plan.primary,
    )


def metric_views() -> list[MetricView]:
    """The metrics that are compared, as the analysis sees them."""
    return [
        MetricView(
            metric.name,
            metric.unit,
            less_is_better=metric.better != "more",
            divisible=not metric.of_consumer,
        )
        for metric in METRICS.values()
        if metric.compared
    ]


def in_plan_order(stored: StoredRun) -> list[Sample]:
    """The samples with their cells in the order of the plan, not of the first shuffle."""
    order = {
        (workload, scenario.name): place
        for workload, scenarios in stored.plan.scenarios.items()
        for place, scenario in enumerate(scenarios)
    }
    workloads = {name: place for place, name in enumerate(stored.plan.workloads)}
    consumers = {name: place for place, name in enumerate(stored.plan.consumers)}
    return sorted(
        stored.samples,
        key=lambda sample: (
            workloads.get(sample.workload, len(workloads)),
            order.get((sample.workload, sample.scenario), len(order)),
            consumers.get(sample.consumer, len(consumers)),
            sample.index,
        ),
    )


def cell_ledgers(samples: Sequence[Sample]) -> list[CellLedger]:
    """The ledgers of each cell's valid trials added up, warm-up left out."""
    by_cell: dict[Cell, list[Sample]] = {}
    for sample in samples:
        if sample.valid and not sample.warm_up:
            by_cell.setdefault(sample.cell, []).append(sample)
            if sample.beside_ledger is not None:
                beside = replace(sample.cell, consumer=f"{sample.consumer} (beside)")
                second = replace(sample, ledger=sample.beside_ledger)
                by_cell.setdefault(beside, []).append(second)
    return [
        CellLedger(
            cell=cell,
            total=_add([sample.ledger for sample in group]),
            operations=sum(map(operations_of, group)),
            trials=len(group),
            trials_with_loss=sum(bool(lost_any(sample.ledger)) for sample in group),
            trials_unexplained=sum(bool(sample.ledger.unexplained) for sample in group),
        )
        for cell, group in by_cell.items()
    ]


def _add(ledgers: Sequence[Ledger]) -> Ledger:
    """The sum by term; a term unknown in one trial is unknown in the sum."""
    total = ledgers[0]
    for ledger in ledgers[1:]:
        sums: dict[str, Any] = {
            name: _sum(getattr(total, name), getattr(ledger, name)) for name in COUNTS
        }
        attribution = total.attribution if total.attribution == ledger.attribution else "mixed"
        total = replace(total, **sums, attribution=attribution)
    return total


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _cautions(stored: StoredRun, comparisons: Sequence[Comparison]) -> list[Caution]:
    return [
        *_what_it_is_not(stored),
        *_failed_trials(stored),
        *_disturbed_trials(stored),
        *noise_cautions(comparisons, stored.plan.primary, stored.plan.reference),
        *ledger_cautions(stored.samples),
        *_sample_warnings(stored),
        *stored.environment.cautions,
    ]


def _what_it_is_not(stored: StoredRun) -> list[Caution]:
    if not stored.plan.is_replay:
        return []
    return [
        Caution(
            "replay",
            "this measures the consumer on a recorded capture, not this host's kernel",
            "run a kernel plan, such as overhead, where audit is available",
        )
    ]


def _failed_trials(stored: StoredRun) -> list[Caution]:
    failed = [sample for sample in stored.samples if not (sample.valid or sample.disturbed)]
    consumers = dict.fromkeys(sample.consumer for sample in failed)
    several = len({sample.consumer for sample in stored.samples}) > 1
    return [
        _failures_of(consumer, failed, stored.samples, several=several) for consumer in consumers
    ]


def _failures_of(
    consumer: str, failed: Sequence[Sample], samples: Sequence[Sample], *, several: bool
) -> Caution:
    own = [sample for sample in failed if sample.consumer == consumer]
    trials = sum(sample.consumer == consumer for sample in samples)
    last = own[-1]
    who = f"{consumer}: " if several else ""
    are = agreeing(len(own), "is", "are")
    return Caution(
        "invalid-trials",
        f"{who}{len(own)} of {counted(trials, 'trial')} {are} not used; the last, "
        f"{last.workload} × {last.scenario}: {last.invalid_reason}",
    )


def _disturbed_trials(stored: StoredRun) -> list[Caution]:
    disturbed = [sample for sample in stored.samples if sample.disturbed]
    if not disturbed:
        return []
    trials = counted(len(stored.samples), "trial")
    words = f"{len(disturbed)} of {trials} {agreeing(len(disturbed), 'was', 'were')} disturbed"
    kept = sum(sample.valid for sample in disturbed)
    if not stored.plan.invalid.retries:
        words += f", and {agreeing(len(disturbed), 'is', 'are')} not used"
    elif kept < len(disturbed):
        count = agreeing(kept, "counts", "count")
        stayed = f"; {kept} stayed disturbed and still {count}" if kept else ""
        repeated = len(disturbed) - kept
        words += f", and {repeated} {agreeing(repeated, 'was', 'were')} repeated{stayed}"
    return [Caution("disturbed", words)]


def _sample_warnings(stored: StoredRun) -> list[Caution]:
    """What trials warned of, each once; the login uid not, if it was settled and is told so."""
    words = dict.fromkeys(word for sample in stored.samples for word in sample.warnings)
    login = stored.plan.login
    told = None if login is None else f"{LOGIN_WARNING}{login.auid} "
    return [
        Caution(
            "trial", word, "--auid sets another login uid" if word.startswith(LOGIN_WARNING) else ""
        )
        for word in words
        if told is None or not word.startswith(told)
    ]
