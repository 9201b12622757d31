"""The result in words, to the question of its plan: one sentence in short, then every cell.

What each question is answered with is in `questions/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harness.counted import agreeing, counted
from harness.model.question import Question
from harness.model.result import Result
from harness.reporters.parts.builds import build_sentences
from harness.reporters.parts.cells import CellNames
from harness.reporters.parts.deciding import deciding_sentences
from harness.reporters.parts.loss import lost_of_unknown, none_lost
from harness.reporters.parts.matching import nothing_matched
from harness.reporters.parts.pace import pace_sentences
from harness.reporters.parts.ranking import sustained_sentence
from harness.reporters.parts.rows import rows
from harness.reporters.parts.waiting import sentences_of_waiting
from harness.reporters.questions.capacity import capacity_sentences
from harness.reporters.questions.cost import cost_cells, cost_first, cost_notes
from harness.reporters.questions.loss import fates, loss_cells, loss_first, loss_notes
from harness.reporters.questions.published import published_cells, published_first
from harness.reporters.questions.ranking import ranking_cells, ranking_first, ranking_notes
from harness.reporters.questions.scaling import scaling_cells, scaling_first, scaling_notes
from harness.reporters.questions.size import size_sentences
from harness.reporters.questions.soak import soak_cells, soak_first
from harness.reporters.questions.victim import victim_cells, victim_first

MOST_NAMED = 4
"""Names in one sentence; the tables have all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer in its parts; each is in every report, the cells of a page as cards."""

    first: str
    """The whole in short, in plain words."""
    cells: tuple[str, ...]
    """Every cell that was measured for it."""
    notes: tuple[str, ...]
    """What the sentences before leave out."""

    @property
    def rest(self) -> str:
        """All after the first sentence."""
        return " ".join((*self.cells, *self.notes))


def answer(result: Result) -> str:
    """The whole answer in one piece; never more certain than the data."""
    parts = answer_parts(result)
    return " ".join(filter(None, (parts.first, parts.rest)))


_NEEDS: Mapping[Question, Callable[[Result], object]] = {
    "ranking": lambda result: result.ranking,
    "scaling": lambda result: result.scaling,
    "victim": lambda result: result.victims,
    "published": lambda result: result.redone,
    "soak": lambda result: result.trends,
    "capacity": lambda result: result.capacity,
    "size": lambda result: result.size,
    "loss": lambda result: not result.plan.is_replay,
}
"""What a result must have for the answer to a question; without it the answer is the cost."""


def answered(result: Result) -> Question:
    """The question that the result can answer: one consumer alone has no ranking, and one number
    of workers that the plan does not compare with others no growth.
    """
    needed = _NEEDS.get(result.question)
    return result.question if needed is None or needed(result) else "cost"


def answer_parts(result: Result) -> Answer:
    """The answer to the question of the plan."""
    unmatched = nothing_matched(result)
    question = answered(result)
    if question == "loss":
        found = fates(result)
        first, cells, notes = loss_first(found), loss_cells(found), loss_notes(found)
        first = " ".join([first, *pace_sentences(result)])
        notes += [sustained_sentence(result.sustained), loss_sentence(result)]
    elif question == "ranking":
        first, cells, notes = ranking_first(result), ranking_cells(result), ranking_notes(result)
        notes += [*sentences_of_waiting(result), loss_sentence(result), none_lost(result)]
    elif question == "scaling":
        first, cells, notes = scaling_first(result), scaling_cells(result), scaling_notes(result)
        notes = [*deciding_sentences(result), *sentences_of_waiting(result), *notes]
        notes += [loss_sentence(result), none_lost(result)]
    elif question == "published":
        first, cells = published_first(result), published_cells(result)
        notes = [*sentences_of_waiting(result), *_losses(result)]
    elif question == "soak":
        first, cells = soak_first(result), soak_cells(result)
        notes = [*pace_sentences(result), *sentences_of_waiting(result), *_losses(result)]
    elif question == "capacity":
        first, cells, notes = " ".join(capacity_sentences(result.capacity)), [], []
    elif question == "size":
        first, cells, notes = " ".join(size_sentences(result.size)), [], []
    elif question == "victim":
        first, cells = victim_first(result), victim_cells(result)
        notes = [*deciding_sentences(result), *_losses(result)]
    else:
        first, cells, notes = cost_first(result), cost_cells(result), cost_notes(result)
        notes = [*deciding_sentences(result), *sentences_of_waiting(result), *notes]
        notes += pace_sentences(result)
        notes += [sustained_sentence(result.sustained), loss_sentence(result), none_lost(result)]
    # A price that is none comes before every price; builds are measured for their difference.
    head = " ".join(filter(None, (unmatched, *build_sentences(result.builds), first)))
    return Answer(head, tuple(cells), tuple(filter(None, notes)))


def _losses(result: Result) -> tuple[str, ...]:
    """What was lost, where the first sentence says nothing of it."""
    return loss_sentence(result), lost_of_unknown(result), none_lost(result)


def loss_sentence(result: Result) -> str:
    """How many of the expected events arrived whole; empty if that is unknown."""
    known = [
        ledger
        for ledger in result.ledgers
        if ledger.total.generated and ledger.total.complete is not None
    ]
    generated = sum(
        (ledger.total.generated or 0) - (ledger.total.suppressed or 0) for ledger in known
    )
    received = sum(ledger.total.complete or 0 for ledger in known)
    if not generated:
        return ""
    if received == generated:
        all_of_them = agreeing(generated, "The", f"All {generated:,}")
        head = f"{all_of_them} expected {agreeing(generated, 'event', 'events')} arrived whole"
    else:
        expected = counted(generated, "expected event")
        head = f"Of {expected} {generated - received:,} did not arrive whole"
    apart = list(dict.fromkeys(_unknown(result)))
    if len(apart) > MOST_NAMED:
        return f"{head}; of {counted(len(apart), 'other cell')} it is not known."
    return f"{head}; of {', '.join(apart)} it is not known." if apart else f"{head}."


def _unknown(result: Result) -> Iterator[str]:
    """The cells with events of which nobody knows how many were to arrive, or did."""
    names = CellNames(rows(result))
    for ledger in result.ledgers:
        total = ledger.total
        expected_unknown = total.generated is None and bool(total.complete)
        if expected_unknown or (total.generated and total.complete is None):
            yield names.label(ledger.cell)
