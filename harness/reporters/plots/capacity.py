"""What was lost at which rate while a capacity was searched for, and the two rates found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.result import ReportView
from harness.model.searches.capacity import CapacityOf, RateTrial
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.scale import even_ticks, round_ticks, set_ticks
from harness.reporters.plots.style import (
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    write_titles,
)
from harness.reporters.questions.capacity import per_second
from harness.reporters.units import count, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN, PANEL_IN, HEAD_IN, FOOT_IN, LEGEND_IN = 0.75, 0.45, 1.5, 0.6, 0.6, 0.45
ROOM = 1.15
"""Rates are drawn so much beyond the lowest and the highest."""
LONG_S = 4.0
"""Trials of this length or longer are of the length that decides."""


def _found(view: ReportView, choice: Choice) -> list[CapacityOf]:
    answer = view.result.capacity
    if answer is None or choice.workload not in (None, answer.search.workload):
        return []
    return [each for each in answer.found if each.tried]


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    if view.result.capacity is None:
        return "no capacity was searched for: `auditbench capacity` does that"
    return None if _found(view, choice) else "no rate was tried"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per trial at a rate."""
    header = ("rules", "consumer", "rate", "seconds", "reached_per_s", "offered", "lost", "late")
    rows = [
        (
            *(each.rules, each.consumer, trial.rate, trial.seconds, trial.reached_per_s),
            *(trial.offered, trial.lost, trial.late, trial.share),
        )
        for each in _found(view, choice)
        for trial in each.tried
    ]
    return Table((*header, "share"), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """The rates of the answer, and what was lost at each that was tried."""
    lines = ["The share of events that were lost, or still queued when the load ended, by rate."]
    for each in _found(view, choice):
        trials = "; ".join(map(_in_words, each.tried))
        lines.append(f"{plain(_title(each))}: {_ends(each)}. Tried: {trials}.")
    return "\n".join(lines)


def _in_words(trial: RateTrial) -> str:
    return f"{count(trial.rate)} per second {share(trial.share)}"


def _title(each: CapacityOf) -> str:
    return f"{each.consumer} under {each.rules}"


def _ends(each: CapacityOf) -> str:
    found = each.without_loss
    if found is None:
        return "not decided"
    if found.low is None:
        return f"the lowest rate, {count(found.high)}, loses"
    above = "the load goes no faster" if found.high is None else f"lost at {count(found.high)}"
    return f"nothing lost at {per_second(found.low)}, {above}"


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """A panel for each rules and consumer, the rates from left to right on the same axis."""
    found = _found(view, choice)
    height = HEAD_IN + PANEL_IN + FOOT_IN
    figure = new_figure(colours, height * len(found) + LEGEND_IN)
    rates = [float(trial.rate) for each in found for trial in each.tried if trial.rate]
    low, high = min(rates, default=1.0) / ROOM, max(rates, default=1.0) * ROOM
    for place, each in enumerate(found):
        top = 0.05 + place * height
        write_titles(figure, colours, top, _title(each), _ends(each))
        axes = add_axes(
            figure,
            colours,
            left_in=LEFT_IN,
            top_in=top + HEAD_IN,
            width_in=WIDTH_IN - LEFT_IN - RIGHT_IN,
            height_in=PANEL_IN,
        )
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        set_ticks(axes.xaxis, round_ticks(low, high), count)
        _panel(axes, colours, each)
    _legend(figure, colours)
    return figure


def _panel(axes: Axes, colours: Ink, each: CapacityOf) -> None:
    most = max((trial.share for trial in each.tried), default=0.0)
    top = max(most, 0.01) * 1.1
    axes.set_ylim(-0.04 * top, top)
    set_ticks(axes.yaxis, even_ticks(0, top), share)
    axes.set_xlabel("operations per second", color=colours.text, fontsize=SMALL_PT, labelpad=1)
    found = each.without_loss
    if found is not None and found.low is not None and found.high is not None:
        axes.axvspan(found.low, found.high, color=colours.band, lw=0, zorder=0)
    for trial in each.tried:
        colour = colours.series[4 if trial.missing else 2]
        size = 6 if trial.seconds >= LONG_S else 3.5
        axes.plot(
            [trial.rate],
            [trial.share],
            color=colour,
            marker="X" if trial.missing else "o",
            ms=size,
            ls="",
            zorder=3,
            clip_on=False,
        )


def _legend(figure: Figure, colours: Ink) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Line2D([], [], color=colours.series[2], marker="o", ls="", label="nothing lost"),
        Line2D(
            [], [], color=colours.series[4], marker="X", ls="", label="lost (short trials small)"
        ),
        Patch(facecolor=colours.band, label="between the two rates"),
    ]
    legend(figure, colours, handles, columns=3)


CAPACITY: Plot[ReportView] = Plot("capacity", "Loss by rate", picture, data, words, missing)
