"""A cell's cost from run to run, with its interval, and where its level changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.counted import counted
from harness.model.history import History, Point, Track
from harness.plain import plain
from harness.reporters.history import change_lines, level, moment, track_name, unjudged_lines
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.scale import even_ticks, round_ticks, set_ticks, spreads
from harness.reporters.plots.style import (
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    new_figure,
    wrapped,
    write,
    write_titles,
)
from harness.reporters.units import percent
from harness.reporters.words import DOUBTFUL, JUDGED, STOPPED, VERDICTS, metric_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT_IN, RIGHT_IN, TITLE_IN, PANEL_IN, GAP_IN, FOOT_IN = 0.6, 0.2, 0.3, 0.9, 0.1, 1.35
HEAD_IN = 0.45
MOST_DATES = 12
_VERDICTS = ", ".join(f"{VERDICTS[name].shape} {VERDICTS[name].word}" for name in JUDGED)
MARKS = (
    f"Against the run before: {_VERDICTS}, or the first run.\n"
    f"Hollow: {STOPPED.word}, or {DOUBTFUL.word}. Dashed: a change of level."
)
MIN_SPAN = math.log(1.05)
"""An axis spans at least so much, that noise of half a per cent does not look like a change."""


def missing(history: History, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _tracks(history, choice) else "no run of this history measured such a cell"


def data(history: History, choice: Choice) -> Table:
    """One row per cell, metric and run."""
    header = ("workload", "scenario", "consumer", "metric", "run", "started_at", "label", "level",
              "ci_low", "ci_high", "verdict", "level_before", "level_after")  # fmt: skip
    rows = [
        (
            track.cell.workload,
            track.cell.scenario,
            track.cell.consumer,
            track.metric,
            run.name,
            run.started_at,
            run.label,
            point.level,
            point.ci_low,
            point.ci_high,
            point.verdict,
            point.step.before if point.step else None,
            point.step.after if point.step else None,
        )
        for track in _tracks(history, choice)
        for run, point in zip(history.runs, track.points, strict=True)
        if point is not None
    ]
    return Table(header, tuple(rows))


def words(history: History, choice: Choice) -> str:
    """First and last level of each cell, and every change."""
    lines = [plain(f"{history.plan} on {history.machine}, {counted(len(history.runs), 'run')}.")]
    for track in _tracks(history, choice):
        known = [point.level for point in track.points if point is not None]
        first, last = level(track, known[0]), level(track, known[-1])
        name = f"{track_name(track)}, {metric_title(track.metric)}"
        lines.append(f"{name}: {first} at first, {last} at last.")
    found = [*change_lines(history), *unjudged_lines(history)]
    return "\n".join([*lines, *(f"{line}." for line in found)])


def _tracks(history: History, choice: Choice) -> list[Track]:
    return [
        track
        for track in history.tracks
        if choice.workload in (None, track.cell.workload)
        and choice.metric in (None, track.metric)
        and any(point is not None and point.level for point in track.points)
    ]


def picture(history: History, choice: Choice, colours: Ink) -> Figure:
    """A panel per cell with the runs from left to right, each at the same distance."""
    tracks = _tracks(history, choice)
    step_in = TITLE_IN + PANEL_IN + GAP_IN
    figure = new_figure(colours, HEAD_IN + step_in * len(tracks) + FOOT_IN)
    subtitle = wrapped(f"on {history.machine}", 60, 1)
    write_titles(figure, colours, 0.05, history.plan, subtitle)
    for place, track in enumerate(tracks):
        top = HEAD_IN + step_in * place
        what = ", ratio" if track.is_ratio else ""
        title = f"{track_name(track)}: {metric_title(track.metric)}{what}"
        write(figure, colours, 0.05, top + 0.08, wrapped(title, 70, 1), fontsize=SMALL_PT)
        axes = add_axes(
            figure,
            colours,
            left_in=LEFT_IN,
            top_in=top + TITLE_IN,
            width_in=WIDTH_IN - LEFT_IN - RIGHT_IN,
            height_in=PANEL_IN,
        )
        _panel(axes, colours, history, track)
        _dates(axes, history, shown=place == len(tracks) - 1)
    height = float(figure.get_size_inches()[1])
    write(figure, colours, 0.05, height - 0.35, MARKS, fontsize=7.5, color=colours.faint)
    return figure


def _panel(axes: Axes, colours: Ink, history: History, track: Track) -> None:
    known = [(x, point) for x, point in enumerate(track.points) if point and point.level]
    colour = colours.series[0]
    axes.set_xlim(-0.6, len(history.runs) - 0.4)
    low, high = _limits([point for _, point in known])
    axes.set_ylim(low, high)
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = round_ticks(low, high, 4) if spreads(low, high) else even_ticks(low, high, 4)
    set_ticks(axes.yaxis, ticks, lambda value: level(track, value))
    axes.plot([x for x, _ in known], [p.level or 0 for _, p in known], color=colour, lw=0.7,
              alpha=0.5, zorder=2)  # fmt: skip
    for x, point in known:
        run = history.runs[x]
        if point.ci_low and point.ci_high:
            axes.plot([x, x], [point.ci_low, point.ci_high], color=colour, lw=1.2, zorder=3)
        marker = VERDICTS[point.verdict].marker if point.verdict else "o"
        filled = run.complete and run.trustworthy
        axes.plot([x], [point.level or 0], ls="", marker=marker, ms=5, color=colour, zorder=4,
                  markerfacecolor=colour if filled else colours.ground)  # fmt: skip
    _levels(axes, colours, known, len(history.runs))


def _limits(points: list[Point]) -> tuple[float, float]:
    values = [v for p in points for v in (p.level, p.ci_low, p.ci_high) if v is not None and v > 0]
    low, high = math.log(min(values)), math.log(max(values))
    room = max((high - low) * 0.25, (MIN_SPAN - high + low) / 2)
    return math.exp(low - room), math.exp(high + room)


def _levels(axes: Axes, colours: Ink, known: list[tuple[int, Point]], runs: int) -> None:
    """Each level as a line, and each change as a dashed one with its size."""
    changes = [(x, point.step) for x, point in known if point.step is not None]
    colour = colours.series[4]
    for place, (x, step) in enumerate(changes):
        axes.axvline(x - 0.5, color=colour, lw=1, ls=(0, (3, 2)), zorder=1)
        axes.annotate(
            percent(step.after / step.before),
            (x - 0.5, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -1),
            textcoords="offset points",
            va="top",
            fontsize=SMALL_PT,
            color=colours.text,
        )
        start = changes[place - 1][0] - 0.5 if place else -0.5
        end = changes[place + 1][0] - 0.5 if place + 1 < len(changes) else runs - 0.5
        axes.plot([start, x - 0.5], [step.before] * 2, color=colour, lw=1.4, alpha=0.7, zorder=1)
        axes.plot([x - 0.5, end], [step.after] * 2, color=colour, lw=1.4, alpha=0.7, zorder=1)


def _dates(axes: Axes, history: History, *, shown: bool) -> None:
    every = math.ceil(len(history.runs) / MOST_DATES)
    names = [f"{moment(run)[:10]}\n{wrapped(run.label, 14, 1)}" for run in history.runs]
    ticks = list(range(0, len(names), every)) if shown else []
    set_ticks(axes.xaxis, ticks, lambda x: names[int(x)])
    axes.tick_params(axis="x", labelrotation=60, labelsize=7)
    axes.spines["bottom"].set_visible(shown)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")


HISTORY: Plot[History] = Plot(
    "history", "From run to run", picture, data, words, missing, takes_metric=True
)
