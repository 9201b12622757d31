"""The price per operation by the number of producers at once, with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.model.result import ReportView
from harness.model.scaling import ScalingPoint
from harness.plain import plain
from harness.reporters.parts.scaling import added, between_times, series_label, series_of
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.scale import axis_duration, even_ticks, set_ticks
from harness.reporters.plots.style import (
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    wrapped,
    write_titles,
)
from harness.reporters.units import count, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

LEFT_IN, RIGHT_IN, PANEL_IN, HEAD_IN, FOOT_IN, ROW_IN = 0.75, 0.45, 1.9, 0.6, 0.6, 0.2
SHAPES = "osD^vPX"
LINES = ("-", "--", ":", "-.")

Curves = dict[str, list[ScalingPoint]]
"""The points that have a price, by the name of their scenario."""


def _panels(view: ReportView, choice: Choice) -> dict[str, Curves]:
    """By workload."""
    found: dict[str, Curves] = {}
    for (workload, _, _), points in series_of(view.result).items():
        priced = [point for point in points if point.price_ns is not None]
        if priced and choice.workload in (None, workload):
            found.setdefault(workload, {})[series_label(view.result, points)] = priced
    return found


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _panels(view, choice) else "the plan does not compare numbers of workers"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per scenario and number of producers; times are those of one producer."""
    header = ("workload", "scenario", "consumer", "producers", "price_ns", "ci_low_ns")
    rows = [
        (
            *(point.cell.workload, point.scenario, point.cell.consumer, point.producers),
            *(point.price_ns, point.price_low, point.price_high),
            *(point.waited_share, point.backlog_high),
        )
        for curves in _panels(view, choice).values()
        for points in curves.values()
        for point in points
    ]
    return Table((*header, "ci_high_ns", "waited_share", "backlog_high"), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """Each price with its interval, and how much of the time is waiting."""
    lines = ["What an operation costs more than in the reference with as many producers at once."]
    for workload, curves in _panels(view, choice).items():
        for name, points in curves.items():
            prices = "; ".join(map(_in_words, points))
            lines.append(f"{plain(workload)}, {plain(name)}: {prices}.")
    return "\n".join(lines)


def _in_words(point: ScalingPoint) -> str:
    interval = between_times(point.price_low, point.price_high)
    waits = f", {_waiting(point)}" if point.waited_share else ""
    return f"with {count(point.producers)} {added(point.price_ns)} ({interval}){waits}"


def _waiting(point: ScalingPoint) -> str:
    return f"{share(point.waited_share)} of the time waiting"


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, the number of producers from left to right."""
    panels = _panels(view, choice)
    names = dict.fromkeys(name for curves in panels.values() for name in curves)
    height = HEAD_IN + PANEL_IN + FOOT_IN
    figure = new_figure(colours, height * len(panels) + ROW_IN * (len(names) + 1))
    handles: dict[str, Line2D] = {}
    for place, (workload, curves) in enumerate(panels.items()):
        top = 0.05 + place * height
        subtitle = "price per operation, as one producer spends it; waiting for room in %"
        write_titles(figure, colours, top, workload, subtitle)
        axes = add_axes(
            figure,
            colours,
            left_in=LEFT_IN,
            top_in=top + HEAD_IN,
            width_in=WIDTH_IN - LEFT_IN - RIGHT_IN,
            height_in=PANEL_IN,
        )
        handles |= _panel(axes, colours, curves, list(names))
    legend(figure, colours, list(handles.values()))
    return figure


def _panel(axes: Axes, colours: Ink, curves: Curves, names: Sequence[str]) -> dict[str, Line2D]:
    """Every number of producers has the same room, whatever lies between two of them."""
    numbers = sorted({point.producers for points in curves.values() for point in points})
    ends = [
        value
        for points in curves.values()
        for point in points
        for value in (point.price_ns, point.price_low, point.price_high)
        if value is not None
    ]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low or 1.0) * 0.12
    axes.set_ylim(low - (room if low < 0 else 0.0), high + room)
    axes.set_xlim(-0.4, len(numbers) - 0.6)
    set_ticks(axes.xaxis, list(range(len(numbers))), lambda at: count(numbers[round(at)]))
    set_ticks(axes.yaxis, even_ticks(low, high), axis_duration)
    axes.axhline(0, color=colours.text, lw=0.8, zorder=2)
    axes.set_xlabel("producers at once", color=colours.text, fontsize=SMALL_PT, labelpad=1)
    return {
        name: _curve(axes, colours, name, points, names.index(name), numbers)
        for name, points in curves.items()
    }


def _curve(
    axes: Axes,
    colours: Ink,
    name: str,
    points: Sequence[ScalingPoint],
    place: int,
    numbers: Sequence[int],
) -> Line2D:
    colour = colours.series[place % len(colours.series)]
    at = [numbers.index(point.producers) for point in points]
    for x, point in zip(at, points, strict=True):
        if point.price_low is not None and point.price_high is not None:
            axes.plot((x, x), (point.price_low, point.price_high), color=colour, lw=2, zorder=3)
        if point.waited_share:
            axes.annotate(
                share(point.waited_share),
                (x, point.price_ns or 0.0),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                fontsize=SMALL_PT,
                color=colours.text,
                annotation_clip=False,
            )
    (line,) = axes.plot(
        at,
        [point.price_ns or 0.0 for point in points],
        color=colour,
        ls=LINES[place % len(LINES)],
        marker=SHAPES[place % len(SHAPES)],
        lw=1.4,
        ms=5.5,
        zorder=4,
        label=wrapped(name, 50, 1),
    )
    return line


SCALING: Plot[ReportView] = Plot(
    "scaling", "Price by producers at once", picture, data, words, missing
)
