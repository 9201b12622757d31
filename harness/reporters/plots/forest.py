"""Ratio to the reference with its interval, beside the margin and the noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.model import Cell, Comparison, ReportView
from harness.reporters.lookup import Row
from harness.reporters.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import (
    compared,
    groups,
    is_again,
    labels,
    metric_words,
    reference_label,
)
from harness.reporters.plots.scale import (
    even_ticks,
    plain_number,
    ratio_limits,
    round_ticks,
    set_ticks,
    spreads,
)
from harness.reporters.plots.style import (
    LETTER_PT,
    MARKERS,
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    wrapped,
    write,
)
from harness.reporters.units import interval, ratio, share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, WORDS_IN = 1.3, 1.45
ROW_IN, HEAD_IN, FOOT_IN, GAP_IN = 0.42, 0.5, 0.3, 0.2
LEGEND_IN = 0.55
VERDICTS = {"worse": "worse", "better": "better", "equivalent": "equal", "inconclusive": "open"}
SIGNS = {"worse": "▲", "better": "▼", "equivalent": "■", "inconclusive": "○"}


def _metric(view: ReportView, choice: Choice) -> str:
    return choice.metric or view.result.primary


def _panels(view: ReportView, choice: Choice) -> dict[str, tuple[list[Row], list[Comparison]]]:
    """By workload: all its cells, and those that are compared."""
    metric = _metric(view, choice)
    found = {
        workload: (group, compared(group, metric))
        for workload, group in groups(view, choice).items()
    }
    return {workload: panel for workload, panel in found.items() if panel[1]}


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    if _panels(view, choice):
        return None
    return f"no cell has a ratio to a reference in {metric_words(_metric(view, choice))}"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per compared cell."""
    rows = []
    for _, comparisons in _panels(view, choice).values():
        for c in comparisons:
            name = (c.cell.workload, c.cell.scenario, c.cell.consumer)
            numbers = (c.estimate, c.reference, c.ratio, c.ci_low, c.ci_high)
            rows.append((*name, c.metric, *numbers, c.blocks, c.margin, c.verdict))
    header = ("workload", "scenario", "consumer", "metric", "estimate", "reference", "ratio")
    return Table((*header, "ci_low", "ci_high", "blocks", "margin", "verdict"), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """Each ratio with its interval and verdict, and the noise floor."""
    metric = _metric(view, choice)
    lines = [f"Ratio to the reference in {metric_words(metric)}, with 95 % intervals."]
    for workload, (group, comparisons) in _panels(view, choice).items():
        names = labels(group)
        parts = "; ".join(
            f"{plain(names[c.cell])}{' (A/A, the noise floor)' if is_again(c.cell) else ''} "
            f"{ratio(c.ratio)} ({interval(c.ci_low, c.ci_high)}), {VERDICTS[c.verdict]}"
            for c in comparisons
        )
        against = reference_label(group, metric)
        to = f" against {against}" if against else ""
        alone = ", ".join(plain(names[cell]) for cell in _alone(group, metric))
        parts += f"; without a reference of their own: {alone}" if alone else ""
        lines.append(f"{plain(workload)}{to}, margin {share(comparisons[0].margin)}: {parts}.")
    return "\n".join(lines)


def _alone(group: Sequence[Row], metric: str) -> list[Cell]:
    """Measured, but with nothing to be compared with."""
    return [
        row.cell
        for row in group
        if metric in row.by_metric and row.by_metric[metric].verdict == "no-reference"
    ]


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, the cells from top to bottom."""
    panels = _panels(view, choice)
    heights = [HEAD_IN + ROW_IN * len(found) + FOOT_IN for _, found in panels.values()]
    figure = new_figure(colours, sum(heights) + GAP_IN * (len(heights) - 1) + LEGEND_IN)
    top = 0.05
    for (workload, (group, comparisons)), height in zip(panels.items(), heights, strict=True):
        metric = _metric(view, choice)
        write(figure, colours, 0.05, top, wrapped(workload, 40, 1), weight="bold")
        against = reference_label(group, metric)
        to = f", 1 is {against}" if against else ""
        subtitle = wrapped(f"ratio of {metric_words(metric)}{to}", 62, 1)
        write(figure, colours, 0.05, top + 0.2, subtitle, fontsize=SMALL_PT)
        axes = add_axes(
            figure,
            colours,
            left_in=NAMES_IN,
            top_in=top + HEAD_IN,
            width_in=WIDTH_IN - NAMES_IN - WORDS_IN,
            height_in=ROW_IN * len(comparisons),
        )
        _panel(axes, colours, comparisons, labels(group))
        top += height + GAP_IN
    _legend(figure, colours, next(iter(panels.values()))[1])
    return figure


def _panel(
    axes: Axes, colours: Ink, comparisons: Sequence[Comparison], names: dict[Cell, str]
) -> None:
    low, high = ratio_limits(
        value
        for c in comparisons
        for value in (c.ratio, c.ci_low, c.ci_high, 1 + c.margin, 1 / (1 + c.margin))
    )
    if spreads(low, high):
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    ticks = round_ticks(low, high) if spreads(low, high) else even_ticks(low, high)
    set_ticks(axes.xaxis, ticks, plain_number)
    axes.set_ylim(len(comparisons) - 0.5, -0.5)
    margin = comparisons[0].margin
    axes.axvspan(1 / (1 + margin), 1 + margin, color=colours.band, zorder=0, lw=0)
    for floor in filter(lambda c: is_again(c.cell), comparisons):
        if floor.ci_low is not None and floor.ci_high is not None:
            axes.axvspan(floor.ci_low, floor.ci_high, zorder=1, **_hatched(colours))
    axes.axvline(1, color=colours.text, lw=0.8, zorder=2)
    for place, comparison in enumerate(comparisons):
        _row(axes, colours, place, comparison)
    axes.set_yticks(range(len(comparisons)), [wrapped(names[c.cell], 16, 2) for c in comparisons])
    axes.tick_params(axis="y", length=0)


def _row(axes: Axes, colours: Ink, place: int, comparison: Comparison) -> None:
    colour = _colour(colours, comparison)
    if comparison.ci_low is not None and comparison.ci_high is not None:
        ends = (comparison.ci_low, comparison.ci_high)
        axes.plot(ends, (place, place), color=colour, lw=2, zorder=3, solid_capstyle="butt")
        axes.plot(ends, (place, place), ls="", marker="|", ms=7, color=colour, zorder=3)
    filled = comparison.verdict != "inconclusive"
    axes.plot(
        (comparison.ratio or 0.0,),
        (place,),
        ls="",
        marker=MARKERS[comparison.verdict],
        ms=7.5,
        mfc=colour if filled else colours.ground,
        mec=colour,
        mew=1.5,
        zorder=4,
    )
    sign, word = SIGNS[comparison.verdict], VERDICTS[comparison.verdict]
    for text, up, size, ink in (
        (f"{ratio(comparison.ratio)} {sign} {word}", 7, LETTER_PT, colours.text),
        (interval(comparison.ci_low, comparison.ci_high), -7, SMALL_PT, colours.faint),
    ):
        axes.annotate(
            text,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(8, up),
            textcoords="offset points",
            va="center",
            fontsize=size,
            color=ink,
            annotation_clip=False,
        )


def _colour(colours: Ink, comparison: Comparison) -> str:
    blue, _, green, _, vermilion, *_ = colours.series
    by_verdict = {"worse": vermilion, "better": green, "equivalent": blue}
    return by_verdict.get(comparison.verdict, colours.text)


def _legend(figure: Figure, colours: Ink, comparisons: Sequence[Comparison]) -> None:
    from matplotlib.patches import Patch

    margin = share(comparisons[0].margin)
    words = f"margin, {margin}: a difference that does not matter"
    handles = [Patch(facecolor=colours.band, label=words)]
    if any(is_again(c.cell) for c in comparisons):
        words = "noise floor: the reference against itself (A/A)"
        handles.append(Patch(label=words, **_hatched(colours)))
    legend(figure, colours, handles)


def _hatched(colours: Ink) -> dict[str, Any]:
    return {"facecolor": "none", "edgecolor": colours.faint, "hatch": "////", "lw": 0, "alpha": 0.6}


FOREST: Plot[ReportView] = Plot(
    "forest",
    "Ratio to the reference",
    picture,
    data,
    words,
    missing,
    takes_metric=True,
)
