"""The answer at the top of the page: what each state costs, with its interval and verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.counted import counted
from harness.model.result import Comparison, Result
from harness.reporters.answer import cost_words, is_compared, loss_sentence, row_label
from harness.reporters.cells import primary_title
from harness.reporters.ledger import sentences_of_result
from harness.reporters.loss import loss_lines, none_lost
from harness.reporters.matching import nothing_matched
from harness.reporters.rows import Row, by_workload, rows
from harness.reporters.units import NOTHING, count, difference, duration, percent
from harness.reporters.words import VERDICTS, detectable_words
from workloads.catalog import WORKLOADS


@dataclass(frozen=True, slots=True)
class Line:
    """What one state costs: `change` as a share, `cost` in words where that says more."""

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


@dataclass(frozen=True, slots=True)
class Headline:
    """All that a reader in a hurry reads."""

    title: str
    question: str
    cards: tuple[Card, ...]
    loss: tuple[str, ...]
    losers: tuple[str, ...]
    """The cells that lost something, a line each."""
    basis: str


def headline(result: Result) -> Headline:
    """The answer of a result, no more certain than the data."""
    replay = result.plan.is_replay
    what = "What the audit consumer costs" if replay else "What Linux audit costs"
    return Headline(
        title=f"{what} on {result.host.facts.hostname or 'this host'}",
        question=f"{primary_title(result)}, compared with the reference",
        cards=tuple(_cards(result)),
        # What lacks in a capture was not lost here.
        loss=() if replay else _of_events(result),
        losers=() if replay else tuple(_losers(result)),
        basis=_basis(result),
    )


def _cards(result: Result) -> Iterator[Card]:
    for workload, group in by_workload(rows(result)).items():
        compared = [row for row in group if is_compared(row, result.primary)]
        if not compared:
            continue
        info = WORKLOADS.get(workload)
        yield Card(
            workload=workload,
            operation=info.operation if info is not None else "",
            reference=_reference_words(result, group),
            lines=tuple(_line(result, row, compared) for row in compared),
        )


def _reference_words(result: Result, group: list[Row]) -> str:
    for row in group:
        comparison = row.by_metric.get(result.primary)
        if comparison is not None and comparison.verdict == "reference":
            took = duration(comparison.estimate)
            return f"reference {row.cell.scenario}: {took} per {result.operation}"
    return ""


def _line(result: Result, row: Row, compared: list[Row]) -> Line:
    comparison = row.by_metric[result.primary]
    look = VERDICTS[comparison.verdict]
    return Line(
        name=row_label(row, compared),
        change=_change(comparison),
        cost=_cost(comparison, result.operation),
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


def _of_events(result: Result) -> tuple[str, ...]:
    waited = sentences_of_result(result)
    words = (nothing_matched(result), *waited, loss_sentence(result), none_lost(result))
    return tuple(filter(None, words))


def _losers(result: Result) -> Iterator[str]:
    if any(loss.trials_with_loss for loss in result.losses):
        for group in by_workload(rows(result)).values():
            yield from loss_lines(result, group)


def _basis(result: Result) -> str:
    blocks = max((c.blocks for c in result.comparisons), default=0)
    words = f"{counted(result.trials, 'trial')} in {counted(blocks, 'block')} of random order"
    if result.invalid_trials:
        words += f", {count(result.invalid_trials)} of them not used"
    return f"{words}; margin {result.plan.margin * 100:.3g} %"
