"""The answer at the top of the page: the sentence of every report, cards, what they leave out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.counted import counted
from harness.model.question import Question
from harness.model.result import Result
from harness.reporters.answer import answer_parts, answered
from harness.reporters.html.cards import Card, cards
from harness.reporters.parts.cells import primary_title
from harness.reporters.parts.loss import loss_lines
from harness.reporters.parts.rows import by_workload, rows
from harness.reporters.units import count

_TITLES: Mapping[Question, str] = {
    "cost": "What Linux audit costs",
    "loss": "What Linux audit loses",
    "ranking": "What audit consumers cost",
    "scaling": "How the cost of Linux audit grows",
    "capacity": "How much Linux audit can take",
    "size": "How large the audit backlog must be",
    "soak": "What grows under Linux audit",
    "published": "What others found of Linux audit, redone",
    "victim": "What Linux audit does to a neighbour",
}
_QUESTIONS: Mapping[Question, str] = {
    "loss": "Which cells lost events, which made the load wait, and which did neither",
    "victim": "The latency of an innocent load beside a noisy one, with audit and without",
    "scaling": "The price per operation by the number of processes that make events at once",
    "capacity": "The rate at which nothing is lost, and the one at which something is",
    "size": "The backlog that loses nothing, and the one that does",
    "ranking": "The consumers by their CPU per event, the cheapest first",
}
_LOSE_ON_PURPOSE = ("loss", "capacity", "size")
"""Cards or tables say what is lost; a search loses in order to find the border."""


@dataclass(frozen=True, slots=True)
class Headline:
    """All that a reader in a hurry reads."""

    title: str
    question: str
    first: str
    """The answer in short, as in every other report."""
    cards: tuple[Card, ...]
    loss: tuple[str, ...]
    """What the sentence and the cards leave out."""
    losers: tuple[str, ...]
    """The cells that lost something, a line each, where the cards do not say so."""
    basis: str


def headline(result: Result) -> Headline:
    """The answer of a result, no more certain than the data."""
    question = answered(result)
    replay = result.plan.is_replay
    what = "What the audit consumer costs" if replay else _TITLES[question]
    words = answer_parts(result)
    return Headline(
        title=f"{what} on {result.host.facts.hostname or 'this host'}",
        question=_QUESTIONS.get(question, f"{primary_title(result)}, compared with the reference"),
        first=words.first,
        cards=tuple(cards(result)),
        # What lacks in a capture was not lost here.
        loss=() if replay else words.notes,
        losers=() if replay or question in _LOSE_ON_PURPOSE else tuple(_losers(result)),
        basis=_basis(result),
    )


def _losers(result: Result) -> Iterator[str]:
    if any(loss.trials_with_loss for loss in result.losses):
        for group in by_workload(rows(result)).values():
            yield from loss_lines(result, group)


def _basis(result: Result) -> str:
    blocks = max((c.blocks for c in result.comparisons), default=0)
    search, words = result.plan.is_search, counted(result.trials, "trial")
    words += (
        ", each chosen by those before it"
        if search
        else f" in {counted(blocks, 'block')} of random order"
    )
    if result.invalid_trials:
        words += f", {count(result.invalid_trials)} of them not used"
    if search:
        return words
    return f"{words}; margin {result.plan.margin * 100:.3g} %"
