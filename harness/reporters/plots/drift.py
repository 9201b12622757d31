"""The ratio of each block in the order of the blocks: whether the run was the same all along."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.counted import counted
from harness.model.result import Comparison, ReportView
from harness.model.run import Cell
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import compared, groups, labels, used
from harness.reporters.plots.scale import even_ticks, set_ticks
from harness.reporters.plots.style import (
    LETTER_PT,
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    new_figure,
    wrapped,
    write_titles,
)
from harness.reporters.units import percent, ratio
from harness.reporters.words import metric_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, RIGHT_IN, ROW_IN, HEAD_IN, FOOT_IN, GAP_IN = 1.3, 0.65, 0.5, 0.55, 0.45, 0.2
MOST_NAMED = 2
"""So many of them have their number beside them: more would cover each other."""
INSIDE = 0.95
"""The axis is as wide as this share of the points needs; the others are marked at its edge."""


@dataclass(frozen=True, slots=True)
class CellCurve:
    """One cell: its ratio to the reference by block, and what the run makes of them."""

    cell: Cell
    label: str
    estimate: Comparison
    by_block: dict[int, float]

    @property
    def name(self) -> tuple[str, str, str]:
        """The cell's name in a table."""
        return self.cell.workload, self.cell.scenario, self.cell.consumer

    def change(self, block: int) -> float:
        """How far a block's ratio is from the estimate, as a share of it."""
        return self.by_block[block] / (self.estimate.ratio or 1.0) - 1

    def trend(self) -> float | None:
        """The last third of the blocks against the first; None below six blocks."""
        logs = [math.log(self.by_block[block]) for block in sorted(self.by_block)]
        third = len(logs) // 3
        if third < 2:
            return None
        return math.exp((sum(logs[-third:]) - sum(logs[:third])) / third) - 1


def _metric(view: ReportView, choice: Choice) -> str:
    return choice.metric or view.result.primary


def _curves(view: ReportView, choice: Choice) -> dict[str, list[CellCurve]]:
    metric = _metric(view, choice)
    values = _values(view, metric)
    found: dict[str, list[CellCurve]] = {}
    for workload, group in groups(view, choice).items():
        curves = [
            CellCurve(c.cell, labels(group)[c.cell], c, by_block)
            for c in compared(group, metric)
            if c.interleaved and (by_block := _by_block(values, c.cell, _reference(view, c.cell)))
        ]
        if curves:
            found[workload] = curves
    return found


def _values(view: ReportView, metric: str) -> dict[Cell, dict[int, float]]:
    return {
        cell: {s.block: s.metrics[metric] for s in trials if s.metrics.get(metric, 0) > 0}
        for cell, trials in used(view.samples).items()
    }


def _reference(view: ReportView, cell: Cell) -> Cell:
    return view.result.plan.reference.of(cell)


def _by_block(
    values: dict[Cell, dict[int, float]], cell: Cell, reference: Cell
) -> dict[int, float]:
    own, other = values.get(cell, {}), values.get(reference, {})
    return {block: own[block] / other[block] for block in sorted(own.keys() & other.keys())}


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    if _curves(view, choice):
        return None
    return f"no two cells were measured in the same block in {metric_title(_metric(view, choice))}"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per cell and block."""
    rows = [
        (*curve.name, curve.estimate.metric, block, value, curve.estimate.ratio)
        for curves in _curves(view, choice).values()
        for curve in curves
        for block, value in curve.by_block.items()
    ]
    header = ("workload", "scenario", "consumer", "metric", "block", "ratio", "ratio_of_run")
    return Table(header, tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """The least and the greatest ratio of each cell, and whether it moved."""
    lines = [f"Ratio to the reference by block, in {metric_title(_metric(view, choice))}."]
    for workload, curves in _curves(view, choice).items():
        for curve in curves:
            values = curve.by_block.values()
            trend = curve.trend()
            moved = "" if trend is None else f"; last third against the first {percent(1 + trend)}"
            lines.append(
                f"{plain(workload)}, {plain(curve.label)}: {ratio(curve.estimate.ratio)} over "
                f"{counted(len(values), 'block')}, from {ratio(min(values))} to "
                f"{ratio(max(values))}{moved}."
            )
    return "\n".join(lines)


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, in it a strip per cell with the blocks from left to right."""
    panels = _curves(view, choice)
    heights = [HEAD_IN + (ROW_IN + GAP_IN) * len(p) + FOOT_IN for p in panels.values()]
    figure = new_figure(colours, sum(heights))
    top = 0.05
    for (workload, curves), height in zip(panels.items(), heights, strict=True):
        subtitle = "each block's ratio, as change from that of the run (right)"
        write_titles(figure, colours, top, workload, subtitle)
        _strips(figure, colours, curves, top + HEAD_IN)
        top += height
    return figure


def _strips(figure: Figure, colours: Ink, curves: Sequence[CellCurve], top: float) -> None:
    limit = _limit(curves)
    blocks = sorted({block for curve in curves for block in curve.by_block})
    for place, curve in enumerate(curves):
        axes = add_axes(
            figure,
            colours,
            left_in=NAMES_IN + 0.45,
            top_in=top + place * (ROW_IN + GAP_IN),
            width_in=WIDTH_IN - NAMES_IN - 0.45 - RIGHT_IN,
            height_in=ROW_IN,
        )
        axes.set_xlim(blocks[0] - 0.5, blocks[-1] + 0.5)
        axes.set_ylim(-limit, limit)
        set_ticks(axes.yaxis, [-limit, 0, limit], _per_cent)
        axes.tick_params(axis="y", labelsize=7, labelcolor=colours.faint)
        is_last = place == len(curves) - 1
        ticks = [tick for tick in even_ticks(blocks[0], blocks[-1], 8) if tick == int(tick)]
        set_ticks(axes.xaxis, ticks if is_last else [], lambda at: f"{at:.0f}")
        if is_last:
            axes.set_xlabel("block", color=colours.text, fontsize=SMALL_PT, labelpad=1)
        axes.spines["bottom"].set_visible(is_last)
        _strip(axes, colours, curve, limit)


def _per_cent(change: float) -> str:
    return f"{change:+.3g} %".replace("-", "−") if change else "0"


def _limit(curves: Iterable[CellCurve]) -> float:
    """In per cent: the margin at least."""
    curves = list(curves)
    margin = 100 * max(curve.estimate.margin for curve in curves)
    changes = sorted(abs(100 * c.change(block)) for c in curves for block in c.by_block)
    inside = changes[min(int(len(changes) * INSIDE), len(changes) - 1)]
    wanted = max(1.15 * inside, 1.5 * margin)
    step = 10.0 ** math.floor(math.log10(wanted))
    return math.ceil(2 * wanted / step) * step / 2


def _strip(axes: Axes, colours: Ink, curve: CellCurve, limit: float) -> None:
    margin = 100 * curve.estimate.margin
    axes.axhspan(-margin, margin, color=colours.band, lw=0, zorder=0)
    axes.axhline(0, color=colours.text, lw=1, zorder=2)
    places = list(curve.by_block)
    changes = [100 * curve.change(block) for block in places]
    inside = [min(max(change, -limit), limit) for change in changes]
    colour = colours.series[0]
    axes.plot(places, inside, color=colour, lw=0.8, alpha=0.6, zorder=3)
    for marker, chosen in (
        ("o", [abs(change) <= limit for change in changes]),
        ("^", [change > limit for change in changes]),
        ("v", [change < -limit for change in changes]),
    ):
        points = [(x, y) for x, y, yes in zip(places, inside, chosen, strict=True) if yes]
        if points:
            xs, ys = zip(*points, strict=True)
            axes.plot(xs, ys, ls="", marker=marker, ms=4, color=colour, zorder=4, clip_on=False)
    _name_outliers(axes, colours, places, changes, limit)
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "center"}
    axes.annotate(
        wrapped(curve.label, 17, 2),
        (0, 0.5),
        xytext=(-36, 0),
        ha="right",
        fontsize=SMALL_PT,
        color=colours.text,
        **place,  # type: ignore[arg-type]
    )
    axes.annotate(
        ratio(curve.estimate.ratio),
        (1, 0.5),
        xytext=(6, 0),
        fontsize=LETTER_PT,
        color=colours.text,
        **place,  # type: ignore[arg-type]
    )


def _name_outliers(
    axes: Axes, colours: Ink, blocks: Sequence[int], changes: Sequence[float], limit: float
) -> None:
    """The numbers of the few farthest points beyond the edge."""
    outside = [(b, c) for b, c in zip(blocks, changes, strict=True) if abs(c) > limit]
    middle = (blocks[0] + blocks[-1]) / 2
    named = sorted(outside, key=lambda at: abs(at[1]))[-MOST_NAMED:]
    for block, change in named:
        # Towards the middle, away from the numbers of the axis.
        side = 1 if block < middle else -1
        axes.annotate(
            _per_cent(change),
            (block, math.copysign(limit, change)),
            xytext=(5 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=7,
            color=colours.faint,
        )


DRIFT: Plot[ReportView] = Plot(
    "drift", "Ratio against block order", picture, data, words, missing, takes_metric=True
)
