"""The comparison of several runs, as the page has it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.changes import Change, ChangeReport, RunChanges
from harness.model import Caution
from harness.reporters.changes import (
    LOSS_HEADERS,
    answer_words,
    by_table,
    doubt_lines,
    drift_lines,
    loss_lines,
    loss_rows,
    marked_ratio,
    method_lines,
    metric_words,
    row_name,
    several_consumers,
)
from harness.reporters.html.grid import Box, Grid, number, text, verdict
from harness.reporters.markdown import detectable_words, metric_value
from harness.reporters.units import ratio

HEADERS = ("base", "head", "ratio", "from", "to", "verdict", "plain ratio")


@dataclass(frozen=True, slots=True)
class PairPart:
    """One HEAD against BASE."""

    base: str
    head: str
    cautions: tuple[Caution, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    losses: Grid | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Every HEAD against one BASE, with the answer in words."""

    verdict: str
    answer: str
    pairs: tuple[PairPart, ...]


def changed(report: ChangeReport) -> Changed:
    """A comparison of runs for the page."""
    pairs = tuple(_pair(pair, report, place) for place, pair in enumerate(report.pairs))
    return Changed(report.verdict, answer_words(report), pairs)


def _pair(pair: RunChanges, report: ChangeReport, place: int) -> PairPart:
    grids = tuple(
        _grid(f"changes-{place}-{index}", workload, metric, group)
        for index, ((workload, metric), group) in enumerate(by_table(pair.changes).items())
    )
    notes = (
        *method_lines(pair),
        *doubt_lines(pair),
        *drift_lines(pair, report.primary),
        *loss_lines(pair.losses),
    )
    losses = [tuple(map(text, row)) for row in loss_rows(pair.losses)]
    grid = Grid(f"losses-{place}", "Trials that lost events", LOSS_HEADERS, tuple(losses))
    return PairPart(pair.base, pair.head, pair.cautions, grids, notes, grid if losses else None)


def _grid(name: str, workload: str, metric: str, group: list[Change]) -> Grid:
    several = several_consumers(group)
    rows = tuple(_row(change, several=several) for change in group)
    return Grid(name, f"{workload}: {metric_words(metric)}", ("scenario", *HEADERS), rows)


def _row(change: Change, *, several: bool) -> tuple[Box, ...]:
    compared = change.comparison
    return (
        text(row_name(change, several=several)),
        number(metric_value(compared.reference, compared.unit), compared.reference),
        number(metric_value(compared.estimate, compared.unit), compared.estimate),
        number(marked_ratio(change), compared.ratio),
        number(ratio(compared.ci_low), compared.ci_low),
        number(ratio(compared.ci_high), compared.ci_high),
        verdict(compared.verdict, detectable_words(compared)),
        number(ratio(change.plain_ratio), change.plain_ratio),
    )
