"""A result: the answer, then for each workload what every cell costs and where its events went.

The tables are laid out by subject: of cells in `cells.py`, of events in `ledger.py` and `loss.py`,
of consumers side by side in `ranking.py`, of the noise floor in `noise.py`. `html/` puts the same
tables between its pictures, each with the rows of all workloads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.model.result import Result
from harness.reporters.answer import answer_parts, answered
from harness.reporters.page import Fold, Heading, Line, Page, Part
from harness.reporters.parts.builds import builds_parts
from harness.reporters.parts.cells import (
    CellNames,
    compared_in,
    cost_parts,
    cpu_grid,
    metrics_grid,
    verdict_lines,
)
from harness.reporters.parts.ledger import events_parts
from harness.reporters.parts.loss import loss_grid, loss_lines
from harness.reporters.parts.matching import matching_sentences
from harness.reporters.parts.meanings import Meanings
from harness.reporters.parts.noise import noise_parts
from harness.reporters.parts.profile import profile_parts
from harness.reporters.parts.published import published_parts
from harness.reporters.parts.ranking import ranking_parts, sustained_parts
from harness.reporters.parts.rows import Row, by_workload, rows
from harness.reporters.parts.scaling import scaling_parts
from harness.reporters.parts.soak import soak_parts
from harness.reporters.parts.throughput import throughput_parts
from harness.reporters.parts.victim import victim_name, victim_parts
from harness.reporters.questions.capacity import capacity_parts
from harness.reporters.questions.size import size_parts

STOPPED = "The run was stopped early; these are its results so far."
_METHODS = (
    "ratio, 95 %: by signed ranks (below six blocks mean and Student's t). q: p after false "
    "discovery control over this run; outside the primary metric worse and better need q ≤ 0.05."
)


def result_page(result: Result) -> Page:
    """A whole result."""
    return Page(f"auditbench: {result.run}", tuple(_parts(result)))


def details_page(result: Result) -> Page:
    """Every metric with both intervals, p and q; a table per workload and metric."""
    return Page(f"auditbench: {result.run}, every metric", tuple(_details(result)))


def _parts(result: Result) -> Iterator[Part]:
    words = answer_parts(result)
    if words.first:
        yield Line(words.first, "answer")
    if words.rest:
        yield Line(words.rest)
    if not result.complete:
        yield Line(STOPPED)
    yield from result.cautions
    yield from profile_parts(result)
    question, meanings = answered(result), Meanings(result)
    if question == "ranking":
        yield from _ranked(result)
        yield meanings.of((each.cell for each in result.ranking), scenarios=False)
    yield from builds_parts(result.builds)
    yield from scaling_parts(result)
    yield from soak_parts(result)
    yield from published_parts(result)
    yield from victim_parts(result)
    yield from capacity_parts(result.capacity)
    yield from size_parts(result.size)
    for workload, group in by_workload(rows(result)).items():
        yield _heading(result, workload, group)
        # What the trials of a search tried is in their names.
        named = () if result.plan.is_search else [row.cell for row in group]
        legend = meanings.of(named)
        if question == "loss":
            yield from _events(result, group)
            yield legend
        yield from cost_parts(result, group)
        yield from throughput_parts(result, group)
        if question != "loss":
            yield legend
        yield cpu_grid(result, group)
        if question != "loss":
            yield from _events(result, group)
    if question != "ranking":
        yield from _ranked(result)
    notes = [Line(words, "note") for words in matching_sentences(result)]
    if notes or result.noise_floor:
        yield Heading("Notes")
        yield from notes
        yield from noise_parts(result)
    yield all_metrics(result)
    yield all_losses(result)


def _events(result: Result, group: Sequence[Row]) -> Iterator[Part]:
    yield from events_parts(group)
    yield from map(Line, loss_lines(result, group))


def _ranked(result: Result) -> Iterator[Part]:
    yield from ranking_parts(result.ranking)
    yield from sustained_parts(result.sustained)


def _details(result: Result) -> Iterator[Part]:
    metrics = dict.fromkeys(comparison.metric for comparison in result.comparisons)
    for workload, group in by_workload(rows(result)).items():
        yield _heading(result, workload, group)
        names = CellNames(group)
        for metric in metrics:
            compared = [
                comparison
                for comparison in compared_in(group, metric)
                if comparison.verdict not in ("reference", "no-reference")
            ]
            yield metrics_grid(names, metric, compared)
            yield from verdict_lines(names, compared)
        yield from map(Line, loss_lines(result, group, bounds=True))
    yield Line(_METHODS, "note")


def all_metrics(result: Result) -> Fold:
    """Every cell in every metric, folded."""
    table = metrics_grid(CellNames(rows(result)), "Every metric of every cell", result.comparisons)
    return Fold("Every metric: CPU, latency and the rest", (table, Line(_METHODS, "note")))


def all_losses(result: Result) -> Fold:
    """The loss of every cell, folded."""
    table = loss_grid(result, rows(result))
    return Fold("Loss by cell, and the loss that cannot be excluded where there was none", (table,))


def _heading(result: Result, workload: str, group: Sequence[Row]) -> Heading:
    """A workload, and how often it ran."""
    words = result.plan.operation_of(workload)
    operation = f" ({words})" if words else ""
    blocks = max((found.blocks for found in compared_in(group, result.primary)), default=0)
    if result.plan.victim is not None:
        operations = counted(result.plan.ops.get(workload, 0), "operation")
        beside = f"{operations} of {victim_name(result)} beside it per trial"
        return Heading(f"{workload}{operation}: {counted(blocks, 'block')}, {beside}")
    return Heading(
        f"{workload}{operation}: {counted(blocks, 'block')}, "
        f"{_per_trial(result, workload)} per trial"
    )


def _per_trial(result: Result, workload: str) -> str:
    seconds = result.plan.seconds_of(workload)
    if seconds is not None:
        return f"about {seconds:g} s"
    return counted(result.plan.ops.get(workload, 0), result.operation)
