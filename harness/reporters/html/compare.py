"""The comparison of several runs on the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from harness.model.caution import Caution
from harness.model.compare import Change, ChangeReport, RunChanges
from harness.reporters.compare import (
    LOSS_HEADERS,
    answer_words,
    by_table,
    doubt_lines,
    drift_lines,
    loss_lines,
    loss_rows,
    marked_ratio,
    method_lines,
    row_name,
    several_consumers,
)
from harness.reporters.html.data import data_grid
from harness.reporters.html.figures import Drawing, Panel
from harness.reporters.html.svg import Palette, inline_svg
from harness.reporters.markdown import detectable_words, metric_value
from harness.reporters.page import Box, Grid, columns, number, text, verdict
from harness.reporters.plots.compare import CHANGES
from harness.reporters.units import ratio
from harness.reporters.words import VERDICTS, metric_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADERS = ("base", "head", "ratio", "from", "to", "verdict", "plain ratio")


@dataclass(frozen=True, slots=True)
class PairPart:
    """One HEAD against BASE."""

    base: str
    head: str
    cautions: tuple[Caution, ...]
    panel: Panel | None
    """The ratios of the primary metric; None where there are none."""
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    losses: Grid | None


@dataclass(frozen=True, slots=True)
class Changed:
    """Every HEAD against one BASE, with the answer in words."""

    verdict: str
    answer: str
    pairs: tuple[PairPart, ...]


def changed(report: ChangeReport, palette: Palette) -> Changed:
    """A comparison of runs for the page."""
    pairs = tuple(_pair(pair, report, place, palette) for place, pair in enumerate(report.pairs))
    return Changed(report.verdict, answer_words(report), pairs)


def _pair(pair: RunChanges, report: ChangeReport, place: int, palette: Palette) -> PairPart:
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
    grid = Grid(
        f"losses-{place}", "Trials that lost events", columns(*LOSS_HEADERS, left=1), tuple(losses)
    )
    return PairPart(
        base=pair.base,
        head=pair.head,
        cautions=pair.cautions,
        panel=_panel(pair, report.primary, place, palette),
        grids=grids,
        notes=notes,
        losses=grid if losses else None,
    )


def _panel(pair: RunChanges, metric: str, place: int, palette: Palette) -> Panel | None:
    if CHANGES.unavailable(pair, metric=metric):
        return None
    table = CHANGES.table(pair, metric=metric)
    workloads = dict.fromkeys(str(row[0]) for row in table.rows)
    drawings = tuple(
        Drawing(
            workload,
            inline_svg(
                partial(_draw, pair, metric, workload),
                prefix=f"c{place}-{index}",
                title=f"{CHANGES.title}, {workload}. The text and data below say the same.",
                palette=palette,
            ),
        )
        for index, workload in enumerate(workloads)
    )
    words = tuple(CHANGES.describe(pair, metric=metric).splitlines())
    grid = data_grid(f"changes-{place}", f"{CHANGES.title}: data", table.header, table.rows)
    return Panel(CHANGES.title, drawings, words, grid)


def _draw(pair: RunChanges, metric: str, workload: str, dark: bool) -> Figure:
    return CHANGES.draw(pair, workload, metric=metric, dark=dark)


def _grid(name: str, workload: str, metric: str, group: list[Change]) -> Grid:
    several = several_consumers(group)
    rows = tuple(_row(change, several=several) for change in group)
    header = columns("scenario", *HEADERS, left=1)
    return Grid(name, f"{workload}: {metric_words(metric)}", header, rows)


def _row(change: Change, *, several: bool) -> tuple[Box, ...]:
    compared = change.comparison
    return (
        text(row_name(change, several=several)),
        number(metric_value(compared.reference, compared.unit), compared.reference),
        number(metric_value(compared.estimate, compared.unit), compared.estimate),
        number(marked_ratio(change), compared.ratio),
        number(ratio(compared.ci_low), compared.ci_low),
        number(ratio(compared.ci_high), compared.ci_high),
        verdict(VERDICTS[compared.verdict], detectable_words(compared)),
        number(ratio(change.plain_ratio), change.plain_ratio),
    )
