"""The latency of the innocent load beside the noisy one: every percentile, a line per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.result import ReportView
from harness.model.run import Sample
from harness.model.stored.trial import StoredLatency, StoredWorkload
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.latency import (
    Distribution,
    distribution_rows,
    distribution_words,
    distributions,
    draw,
)
from harness.reporters.plots.style import Ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _of_victim(sample: Sample) -> StoredLatency | None:
    return StoredWorkload.of_victim(sample).latency


def _found(view: ReportView, choice: Choice) -> list[Distribution]:
    return distributions(view, choice, _of_victim)


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _found(view, choice) else "this run has no victim"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per cell and bucket that is not empty, with the share of operations up to it."""
    return distribution_rows(_found(view, choice))


def words(view: ReportView, choice: Choice) -> str:
    """The percentiles that are marked."""
    head = "Latency of the victim's operations, all trials of a cell together."
    return distribution_words(head, _found(view, choice))


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per noisy load, a line per cell; below it what is marked, in numbers."""
    victim = view.result.plan.victim
    name = plain(victim.workload) if victim is not None else "the victim"
    return draw(view, _found(view, choice), colours, f"latency of {name} beside it, by percentile")


VICTIM: Plot[ReportView] = Plot("victim", "Latency of the victim", picture, data, words, missing)
"""Its kind of plot."""
