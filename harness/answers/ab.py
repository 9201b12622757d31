"""Two rule files of one run, judged: each against the other, and both against the reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.analysis.limit import judge_shares
from harness.analysis.loss import compare_losses
from harness.answers.lost import lost_alone, without_speed
from harness.answers.matched import EXEMPT, without_price
from harness.answers.result import compare_with, in_plan_order, make_result
from harness.answers.trust import doubts_about
from harness.answers.waiting import waits
from harness.model.ab import AbReport, AbSide
from harness.model.reference import Reference
from harness.model.result import Comparison, LossComparison, Result, Waiting
from harness.model.run import Cell, Sample
from harness.store import StoredRun


def judge_ab(stored: StoredRun, a: AbSide, b: AbSide) -> AbReport:
    """What a run of both says."""
    result = make_result(stored)
    reference = Reference(scenario=a.scenario)
    samples = [s for s in in_plan_order(stored) if s.scenario in (a.scenario, b.scenario)]
    unpriced = _without_price(result, samples, a, b)
    comparisons = tuple(without_price(compare_with(reference, samples, stored.plan), unpriced))
    doubts = doubts_about(result)
    compared = any(c.ratio is not None for c in comparisons if c.cell.scenario == b.scenario)
    if not compared and not doubts:
        doubts.append("A and B have no block in common")
    losses = _judged(compare_losses(samples, reference), reference)
    return AbReport(
        a=a,
        b=b,
        result=result,
        comparisons=tuple(without_speed(comparisons, losses)),
        losses=tuple(losses),
        without_waiting=tuple(
            each
            for each in _without_waiting(stored, result, a, b)
            if each.cell.workload not in {cell.workload for cell in unpriced}
        ),
        doubts=tuple(doubts),
        operations={
            name: stored.plan.operation_of(name)
            for name in dict.fromkeys(sample.workload for sample in samples)
            if stored.plan.operation_of(name)
        },
    )


def _without_price(result: Result, samples: Sequence[Sample], a: AbSide, b: AbSide) -> list[Cell]:
    """The cells of B that cannot be compared, as nothing of A or of B matched in the whole run."""
    if not {a.scenario, b.scenario} & set(result.unmatched_scenarios):
        return []
    return [s.cell for s in samples if s.scenario == b.scenario and s.workload not in EXEMPT]


def _without_waiting(
    stored: StoredRun, result: Result, a: AbSide, b: AbSide
) -> Iterator[Comparison]:
    """B against A wherever one of them waited and neither does in the cells compared here."""
    waiting = {each.cell: each for each in result.waiting}
    cells = dict.fromkeys(s.cell for s in stored.samples if s.scenario == b.scenario)
    for cell in cells:
        pair = [replace(cell, scenario=a.scenario), cell]
        found = [_unhindered(each, waiting.get(each)) for each in pair]
        first, second = found
        if first is None or second is None or found == pair:
            continue
        samples = [s for s in in_plan_order(stored) if s.cell in found]
        compared = compare_with(Reference(scenario=first.scenario), samples, stored.plan)
        yield from (c for c in compared if c.cell == second and c.metric == result.primary)


def _unhindered(cell: Cell, waiting: Waiting | None) -> Cell | None:
    """The cell, or the one with a larger backlog if it waited; None if that waits as well."""
    if waiting is None:
        return cell
    return None if waits(waiting.further_share) else waiting.further


def _judged(losses: Sequence[LossComparison], reference: Reference) -> list[LossComparison]:
    """With a verdict by trials where how much was lost is not known, as of a command.

    What lost events where A lost none is *lost*: a loss that was seen is no estimate.
    """
    by_cell = {loss.cell: loss for loss in losses}
    found = []
    for loss in losses:
        against = by_cell.get(reference.of(loss.cell))
        if loss.verdict == "no-reference" and against is not None:
            loss = replace(loss, verdict=judge_shares(against, loss))  # noqa: PLW2901
        if lost_alone(loss, against):
            loss = replace(loss, verdict="lost")  # noqa: PLW2901
        found.append(loss)
    return found
