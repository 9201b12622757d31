"""One trial of each cell as it went on: the queue, what was lost, what was not read yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.result import ReportView
from harness.model.run import Cell, Moment, Sample
from harness.model.searches.capacity import filling
from harness.model.stored.trial import StoredStatus, StoredWorkload
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import groups, labels, used
from harness.reporters.plots.scale import even_ticks, set_ticks
from harness.reporters.plots.style import (
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    wrapped,
    write,
    write_titles,
)
from harness.reporters.units import count, duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, RIGHT_IN, BETWEEN_IN = 1.1, 0.12, 0.14
ROW_IN, GAP_IN, HEAD_IN, FOOT_IN, LEGEND_IN = 0.42, 0.24, 0.72, 0.35, 0.6
LIKE_LONG = 3.0
"""Trials of a panel share an axis of time if the longest takes at most so many times the shortest:
one that waits for a minute would leave the others no room."""
FEW_DOTS = 30
"""More are drawn smaller, as they would run together."""


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity over time: how it is called, and its value at a moment."""

    header: str
    value: Callable[[Moment], int | None]
    steps: bool = False
    """Whether it stays as it is until it is seen to change."""


COLUMNS = (
    Column("backlog,\nrecords", lambda moment: moment.backlog),
    Column("lost,\nrecords", lambda moment: moment.lost, steps=True),
    Column("not read by the\nconsumer, bytes", lambda moment: moment.unread_bytes),
)


@dataclass(frozen=True, slots=True)
class CellCurve:
    """The trial of a cell in which the most happened."""

    cell: Cell
    label: str
    sample: Sample
    stopped_ms: tuple[int, int] | None
    """From when to when the consumer was stopped, where it was."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """As they were seen."""
        return self.sample.timeline

    @property
    def limit(self) -> int | None:
        """The backlog limit in force."""
        return StoredStatus.before(self.sample).backlog_limit or None

    @property
    def end_ms(self) -> int:
        """How long it was looked at: until all was through."""
        return max(self.moments[-1].t_ms, 1)

    @property
    def load_ms(self) -> float:
        """How long the load took."""
        return StoredWorkload.of(self.sample).elapsed_ns / 1e6

    def peak(self, column: Column) -> int:
        """The greatest value that was seen."""
        return max((column.value(moment) or 0 for moment in self.moments), default=0)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was seen at any moment."""
        return not any(self.peak(column) for column in COLUMNS)


def _curves(view: ReportView, choice: Choice) -> dict[str, list[CellCurve]]:
    trials = used(view.samples)
    found: dict[str, list[CellCurve]] = {}
    for workload, group in groups(view, choice).items():
        for cell, label in labels(group).items():
            if not _tells(view, cell):
                continue
            seen = [sample for sample in trials.get(cell, []) if len(sample.timeline) > 1]
            if seen:
                curve = CellCurve(cell, label, max(seen, key=_interest), _stopped(view, cell))
                found.setdefault(workload, []).append(curve)
    return found


def _tells(view: ReportView, cell: Cell) -> bool:
    """Whether the queue of a cell is shown: of a search, where it was filled on purpose."""
    answer = view.result.capacity
    if answer is None:
        return True
    of_answer = {tried for each in answer.found for tried in filling(each)}
    return cell.scenario in of_answer


def _interest(sample: Sample) -> tuple[int, ...]:
    """The most lost; then the deepest queue; then the most unread."""
    return (
        sample.timeline[-1].lost,
        max(moment.backlog for moment in sample.timeline),
        max(moment.unread_bytes or 0 for moment in sample.timeline),
    )


def _stopped(view: ReportView, cell: Cell) -> tuple[int, int] | None:
    scenario = view.result.plan.scenario(cell.workload, cell.scenario)
    if scenario is None or not scenario.stop_for_ms:
        return None
    return scenario.stop_after_ms, scenario.stop_after_ms + scenario.stop_for_ms


def _loud(curves: Sequence[CellCurve]) -> list[CellCurve]:
    return [curve for curve in curves if not curve.is_quiet]


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    curves = _curves(view, choice)
    if not curves:
        return "no trial of this run has a timeline: run it again with this version"
    if not any(_loud(group) for group in curves.values()):
        return "nothing was queued, lost or left unread in any observation"
    return None


def data(view: ReportView, choice: Choice) -> Table:
    """One row per moment of the trials shown; those in which nothing was seen are left in."""
    header = ("workload", "scenario", "consumer", "block", *Moment._fields)
    rows = [
        (*_name(curve), curve.sample.block, *moment)
        for curves in _curves(view, choice).values()
        for curve in curves
        for moment in curve.moments
    ]
    return Table(header, tuple(rows))


def _name(curve: CellCurve) -> tuple[str, str, str]:
    return curve.cell.workload, curve.cell.scenario, curve.cell.consumer


def words(view: ReportView, choice: Choice) -> str:
    """The peaks of each trial shown."""
    lines = [
        "Backlog, lost records and unread bytes within one trial of each cell: the one that lost "
        "most, else the one with the deepest backlog, else the one with most unread."
    ]
    for workload, curves in _curves(view, choice).items():
        lines += [f"{plain(workload)}, {_peaks(curve)}." for curve in _loud(curves)]
        if quiet := [plain(curve.label) for curve in curves if curve.is_quiet]:
            lines.append(f"{plain(workload)}, nothing seen: {', '.join(quiet)}.")
    return "\n".join(lines)


def _peaks(curve: CellCurve) -> str:
    backlog, lost, unread = (count(curve.peak(column)) for column in COLUMNS)
    limit = f" of {count(curve.limit)} allowed" if curve.limit else ""
    stopped = ""
    if curve.stopped_ms:
        start, end = curve.stopped_ms
        stopped = f"; the consumer was stopped from {start} to {end} ms"
    lasted = _seconds(curve.end_ms)
    return (
        f"{plain(curve.label)} (block {curve.sample.block}): backlog seen up to {backlog}"
        f"{limit}, {lost} lost, bytes unread up to {unread}, in {lasted}{stopped}"
    )


def _seconds(ms: float) -> str:
    return duration(ms * 1e6)


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload: a row per cell, a column per quantity."""
    panels = {name: _loud(curves) for name, curves in _curves(view, choice).items()}
    panels = {name: curves for name, curves in panels.items() if curves}
    step = ROW_IN + GAP_IN
    heights = [HEAD_IN + step * len(curves) + FOOT_IN for curves in panels.values()]
    figure = new_figure(colours, sum(heights) + LEGEND_IN)
    top = 0.05
    for (workload, curves), height in zip(panels.items(), heights, strict=True):
        end_ms = _common_end_ms(curves)
        subtitle = "one trial of each" if end_ms else "one trial\nof each,\nits length"
        write_titles(figure, colours, top, workload, subtitle)
        for place, column in enumerate(COLUMNS):
            left = NAMES_IN + place * (_width_in() + BETWEEN_IN)
            write(figure, colours, left, top + 0.2, column.header, fontsize=8, color=colours.faint)
        for place, curve in enumerate(curves):
            is_last = place == len(curves) - 1
            _row(figure, colours, curve, top + HEAD_IN + place * step, end_ms, is_last)
        top += height
    _legend(figure, colours, panels)
    return figure


def _common_end_ms(curves: Sequence[CellCurve]) -> float | None:
    """Where the axis of time of all of them ends; None where each needs its own."""
    ends = [curve.end_ms for curve in curves]
    return max(ends) if max(ends) <= LIKE_LONG * min(ends) else None


def _width_in() -> float:
    gaps = BETWEEN_IN * (len(COLUMNS) - 1)
    return (WIDTH_IN - NAMES_IN - RIGHT_IN - gaps) / len(COLUMNS)


def _row(
    figure: Figure, colours: Ink, curve: CellCurve, top: float, end_ms: float | None, is_last: bool
) -> None:
    """One cell. `end_ms` None gives it an axis of its own, and its length beside it."""
    name = wrapped(curve.label, 14, 2)
    write(figure, colours, 0.05, top + 0.1, name, fontsize=SMALL_PT)
    if end_ms is None:
        below = top + 0.1 + 0.14 * (name.count("\n") + 1)
        length = _seconds(curve.end_ms)
        write(figure, colours, 0.05, below, length, fontsize=7.5, color=colours.faint)
    for place, column in enumerate(COLUMNS):
        axes = add_axes(
            figure,
            colours,
            left_in=NAMES_IN + place * (_width_in() + BETWEEN_IN),
            top_in=top,
            width_in=_width_in(),
            height_in=ROW_IN,
        )
        axes.set_xlim(0, end_ms or curve.end_ms)
        axes.set_yticks([])
        ticks = even_ticks(0, 0.85 * end_ms, 3) if is_last and end_ms else []
        set_ticks(axes.xaxis, ticks, lambda ms: f"{ms / 1000:g} s" if ms else "0")
        _line(axes, colours, curve, column, colours.series[place])


def _line(axes: Axes, colours: Ink, curve: CellCurve, column: Column, colour: str) -> None:
    seen = [(m.t_ms, value) for m in curve.moments if (value := column.value(m)) is not None]
    peak = curve.peak(column)
    axes.set_ylim(0, max(peak, 1) * 1.08)
    if curve.stopped_ms:
        axes.axvspan(*curve.stopped_ms, color=colours.band, lw=0, zorder=0)
    if curve.load_ms:
        axes.axvline(curve.load_ms, color=colours.faint, lw=0.7, ls=(0, (1, 2)), zorder=1)
    if seen:
        times, values = zip(*seen, strict=True)
        draw: dict[str, Any] = {"drawstyle": "steps-post"} if column.steps else {}
        size = 4 if len(seen) <= FEW_DOTS else 2
        axes.plot(times, values, color=colour, lw=1.2, marker=".", ms=size, clip_on=False, **draw)
    axes.annotate(
        count(peak) if seen else "not known",
        (1, 1),
        xycoords="axes fraction",
        xytext=(0, 1),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7.5,
        color=colours.text if peak else colours.faint,
        annotation_clip=False,
    )


def _legend(figure: Figure, colours: Ink, panels: dict[str, list[CellCurve]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=colours.faint, lw=0.7, ls=(0, (1, 2)), label="the load ends")
    ]
    if any(curve.stopped_ms for curves in panels.values() for curve in curves):
        handles.append(Patch(facecolor=colours.band, label="the consumer is stopped"))
    legend(figure, colours, handles, columns=2)
    words = "Above each line: its greatest value. Only the dots were observed; lines connect them."
    height = float(figure.get_size_inches()[1])
    write(figure, colours, 0.05, height - LEGEND_IN, words, fontsize=7.5, color=colours.faint)


TIMELINE: Plot[ReportView] = Plot(
    "timeline", "Within a trial: backlog, lost, unread", picture, data, words, missing
)
