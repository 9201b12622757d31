"""The cards below the first sentence of a page: the same answer, a line for each cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.counted import counted
from harness.model.result import Comparison, RankedConsumer, Result, Verdict
from harness.model.scaling import ScalingPoint
from harness.model.stored.victim import VictimCell
from harness.reporters.answer import answered
from harness.reporters.parts.exclusions import gain_words
from harness.reporters.parts.ranking import between, by_group
from harness.reporters.parts.rows import Row, by_workload, rows, several_consumers
from harness.reporters.parts.scaling import (
    added,
    between_times,
    primary_comparison,
    series_label,
    series_of,
)
from harness.reporters.parts.victim import by_noise, compared_p99, victim_label, victim_name
from harness.reporters.questions.cost import cost_words, priced, row_label
from harness.reporters.questions.loss import Fate, FateKind, fates
from harness.reporters.questions.ranking import is_open
from harness.reporters.units import NOTHING, difference, duration, percent, share, share_interval
from harness.reporters.words import VERDICTS, detectable_words


@dataclass(frozen=True, slots=True)
class Line:
    """One cell: `change` is the number, `cost` says it in words where that says more."""

    name: str
    change: str
    cost: str
    interval: str
    verdict: str
    verdict_words: str
    shape: str


@dataclass(frozen=True, slots=True)
class Card:
    """The answer for one workload."""

    workload: str
    operation: str
    reference: str
    lines: tuple[Line, ...]


def cards(result: Result) -> Iterator[Card]:
    """A card per workload, to the question of the plan."""
    question = answered(result)
    if question == "loss":
        yield from _loss_cards(result)
    elif question == "ranking":
        yield from _ranking_cards(result)
    elif question == "scaling":
        yield from _scaling_cards(result)
    elif question == "victim":
        yield from _victim_cards(result)
    else:
        yield from _cost_cards(result)


def _cost_cards(result: Result) -> Iterator[Card]:
    for workload, group in by_workload(rows(result)).items():
        compared = priced(result, group)
        lines = [_cost_line(result, row, compared) for row in compared]
        lines += _exclusion_lines(result, workload)
        if lines:
            words = _reference_words(result, group)
            yield Card(workload, result.plan.operation_of(workload), words, tuple(lines))


def _loss_cards(result: Result) -> Iterator[Card]:
    found = fates(result)
    for workload in by_workload(rows(result)):
        of_workload = [fate for fate in found if fate.row.cell.workload == workload]
        lines = tuple(map(_loss_line, of_workload))
        yield Card(workload, result.plan.operation_of(workload), "worst first", lines)


def _ranking_cards(result: Result) -> Iterator[Card]:
    lost = {loss.cell for loss in result.losses if loss.trials_with_loss}
    for (workload, scenario), group in by_group(result.ranking).items():
        lines = tuple(_ranking_line(each, lost=each.cell in lost) for each in group)
        yield Card(
            workload, result.plan.operation_of(workload), f"{scenario}, CPU per event", lines
        )


def _scaling_cards(result: Result) -> Iterator[Card]:
    for (workload, _, _), points in series_of(result).items():
        lines = tuple(_scaling_line(result, point) for point in points)
        yield Card(
            workload, result.plan.operation_of(workload), series_label(result, points), lines
        )


def _victim_cards(result: Result) -> Iterator[Card]:
    for noisy, group in by_noise(result).items():
        lines = tuple(_victim_line(result, each, group) for each in group)
        yield Card(f"{victim_name(result)} beside {noisy}", "", "longest stall", lines)


def _reference_words(result: Result, group: Sequence[Row]) -> str:
    for row in group:
        comparison = row.by_metric.get(result.primary)
        if comparison is not None and comparison.verdict == "reference":
            took = duration(comparison.estimate)
            return f"reference {row.cell.scenario}: {took} per {result.operation}"
    return ""


def _cost_line(result: Result, row: Row, compared: list[Row]) -> Line:
    comparison = row.by_metric[result.primary]
    name = row_label(row, compared)
    return _line(name, comparison, _cost(comparison, result.operation))


def _exclusion_lines(result: Result, workload: str) -> Iterator[Line]:
    of_workload = [each for each in result.exclusions if each.cell.workload == workload]
    several = several_consumers(Row(each.cell, {}, None) for each in of_workload)
    for each in of_workload:
        name = f"{each.cell.scenario}{f' ({each.cell.consumer})' * several}"
        words = f"against {each.without.scenario}: {gain_words(each)}"
        yield _line(name, each.gain, words)


def _line(name: str, comparison: Comparison, cost: str) -> Line:
    look = VERDICTS[comparison.verdict]
    return Line(
        name=name,
        change=_change(comparison),
        cost=cost,
        interval=_interval(comparison),
        verdict=comparison.verdict,
        verdict_words=look.word,
        shape=look.mark,
    )


def _cost(comparison: Comparison, operation: str) -> str:
    unmatched = comparison.verdict == "nothing-matched"
    if unmatched or comparison.reference is None or comparison.ratio is None:
        return cost_words(comparison, operation)
    more = difference(comparison.reference, comparison.ratio)
    return f"{more} per {operation}{detectable_words(comparison)}"


def _change(comparison: Comparison) -> str:
    if comparison.verdict == "nothing-matched" or comparison.ratio is None:
        return NOTHING
    return percent(comparison.ratio)


def _interval(comparison: Comparison) -> str:
    if comparison.ci_low is None or comparison.ci_high is None:
        return "no interval: too few blocks"
    return f"95 %: {percent(comparison.ci_low)} to {percent(comparison.ci_high)}"


_FATES: dict[FateKind, tuple[str, str, str]] = {
    "lost": ("lost", "lost", VERDICTS["lost"].mark),
    "waited": ("waited", "waited", "…"),
    "neither": ("none-lost", "none lost", "="),
    "eventless": ("no-reference", "no events", ""),
    "unknown": ("no-reference", "not known", ""),
}
"""The class of a line, its word and its mark."""


def _loss_line(fate: Fate) -> Line:
    verdict, words, shape = _FATES[fate.kind]
    loss = fate.loss
    limits = ""
    if loss is not None and fate.kind == "lost":
        between_shares = share_interval(loss.share_low, loss.share_high)
        limits = f"trials with loss, 95 %: {between_shares}"
    change = share(fate.share_lost) if fate.kind not in ("eventless", "unknown") else NOTHING
    return Line(fate.name, change, fate.words, limits, verdict, words, shape)


def _ranking_line(ranked: RankedConsumer, *, lost: bool) -> Line:
    look = VERDICTS["lost"]
    words = "" if ranked.place == 1 else f"ratio to the one above: {between(ranked)}"
    order = "order inconclusive" if ranked.place > 1 and is_open(ranked) else ""
    return Line(
        name=f"{ranked.place}. {ranked.cell.consumer}",
        change=duration(ranked.cpu_ns_per_event),
        cost=order,
        interval=words,
        verdict="lost" if lost else "ranked",
        verdict_words=look.word if lost else "",
        shape=look.mark if lost else "",
    )


def _scaling_line(result: Result, point: ScalingPoint) -> Line:
    compared = primary_comparison(result, point.cell)
    look = VERDICTS[compared.verdict if compared is not None else "no-reference"]
    waits = point.waited_share is not None and point.waited_share > 0
    words = f"waiting for room in the backlog {share(point.waited_share)} of the time"
    return Line(
        name=counted(point.producers, "producer"),
        change=added(point.price_ns),
        cost=words if waits else "",
        interval=f"95 %: {between_times(point.price_low, point.price_high)}",
        verdict=compared.verdict if compared is not None else "no-reference",
        verdict_words=look.word,
        shape=look.mark,
    )


def _victim_line(result: Result, each: VictimCell, group: Sequence[VictimCell]) -> Line:
    compared = compared_p99(result, each)
    verdict: Verdict = "no-reference" if compared is None else compared.verdict
    waiting = each.longest_waiting_share
    return Line(
        name=victim_label(each, group),
        change=duration(each.longest_ns),
        cost=f"{share(waiting)} of it waiting for room in the backlog" if waiting else "",
        interval=f"p50 {duration(each.p50_ns)}, p99 {duration(each.p99_ns)}, "
        f"p99.9 {duration(each.p999_ns)}",
        verdict=verdict,
        verdict_words=f"p99 {VERDICTS[verdict].word}",
        shape=VERDICTS[verdict].mark,
    )
