"""A result under a pull request: the answer, one table, the notes; the rest is folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from harness.model.question import Question
from harness.model.result import Result
from harness.reporters.answer import answer_parts, answered
from harness.reporters.page import Fold, Grid, Legend, Line, Page, Part
from harness.reporters.parts.builds import builds_parts
from harness.reporters.parts.cells import cost_parts
from harness.reporters.parts.ledger import events_parts
from harness.reporters.parts.meanings import Meanings
from harness.reporters.parts.published import published_parts
from harness.reporters.parts.ranking import ranking_parts
from harness.reporters.parts.rows import rows
from harness.reporters.parts.soak import soak_parts
from harness.reporters.parts.victim import victim_parts
from harness.reporters.questions.capacity import capacity_parts
from harness.reporters.questions.size import size_parts
from harness.reporters.result import STOPPED, result_page

_OWN_TABLES: Mapping[Question, Callable[[Result], Iterable[Part]]] = {
    "soak": soak_parts,
    "published": published_parts,
    "victim": victim_parts,
    "capacity": lambda result: capacity_parts(result.capacity),
    "size": lambda result: size_parts(result.size),
}
"""What makes the tables of questions that have tables of their own."""


def pull_request_page(result: Result) -> Page:
    """A whole result, the table that answers its question in sight."""
    whole = result_page(result)
    return Page(whole.title, tuple(_parts(result, whole)))


def _parts(result: Result, whole: Page) -> Iterator[Part]:
    words = answer_parts(result)
    if words.first:
        yield Line(words.first, "answer")
    if not result.complete:
        yield Line(STOPPED)
    yield from result.cautions
    table = tuple(_table(result))
    yield from table
    yield _legend(result)
    yield from map(Line, words.notes)
    yield Fold("All tables", tuple(_rest(result, whole.parts, table, words.cells)))


def _legend(result: Result) -> Legend:
    """The names in the tables in sight; those of a search have none of its trials."""
    of = Meanings(result)
    if result.plan.is_search:
        return of.of(())
    if answered(result) == "ranking":
        return of.of((each.cell for each in result.ranking), scenarios=False)
    return of.of(row.cell for row in rows(result))


def _table(result: Result) -> Iterator[Part]:
    """That of the answer, with all workloads; of a backlog's size all, with the lines to paste."""
    question, group = answered(result), rows(result)
    yield from builds_parts(result.builds)
    if question == "ranking":
        yield from ranking_parts(result.ranking)
        return
    if (own := _OWN_TABLES.get(question)) is not None:
        parts = own(result)
    else:
        parts = events_parts(group) if question == "loss" else cost_parts(result, group)
    yield from (part for part in parts if isinstance(part, Grid) or question == "size")


def _rest(
    result: Result, parts: Sequence[Part], table: Sequence[Part], cells: Sequence[str]
) -> Iterator[Part]:
    """What is not in sight; the table of the answer is not repeated for each workload."""
    yield from map(Line, cells)
    shown = {part.name for part in table if isinstance(part, Grid)}
    first = answer_parts(result)
    said = {first.first, first.rest, STOPPED}
    for part in parts:
        if isinstance(part, Line) and part.words in said:
            continue
        if isinstance(part, Legend) or part in result.cautions or part in table:
            continue
        if not isinstance(part, Grid) or part.name not in shown:
            yield part
