"""Ratios with their intervals as lines, beside the margin and the noise floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.result import Comparison
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
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    wrapped,
    write_titles,
)
from harness.reporters.units import interval, ratio, share
from harness.reporters.words import VERDICTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, WORDS_IN = 1.3, 1.75
ROW_IN, HEAD_IN, FOOT_IN, GAP_IN = 0.42, 0.5, 0.3, 0.2
LEGEND_IN = 0.55


@dataclass(frozen=True, slots=True)
class Ratio:
    """One line: a comparison that has a ratio and a verdict, and what it is called.

    `is_floor` is True where it is the reference measured a second time.
    """

    name: str
    comparison: Comparison
    is_floor: bool = False


@dataclass(frozen=True, slots=True)
class RatioPanel:
    """Ratios on one axis, from top to bottom; at least one."""

    title: str
    subtitle: str
    ratios: tuple[Ratio, ...]

    @property
    def margin(self) -> float:
        """The difference that does not matter, as a share."""
        return self.ratios[0].comparison.margin


def ratio_figure(panels: Sequence[RatioPanel], colours: Ink) -> Figure:
    """One panel below the other; at least one."""
    heights = [HEAD_IN + ROW_IN * len(panel.ratios) + FOOT_IN for panel in panels]
    figure = new_figure(colours, sum(heights) + GAP_IN * (len(heights) - 1) + LEGEND_IN)
    top = 0.05
    for panel, height in zip(panels, heights, strict=True):
        write_titles(figure, colours, top, panel.title, wrapped(panel.subtitle, 62, 1))
        axes = add_axes(
            figure,
            colours,
            left_in=NAMES_IN,
            top_in=top + HEAD_IN,
            width_in=WIDTH_IN - NAMES_IN - WORDS_IN,
            height_in=ROW_IN * len(panel.ratios),
        )
        _panel(axes, colours, panel)
        top += height + GAP_IN
    _legend(figure, colours, panels)
    return figure


def _panel(axes: Axes, colours: Ink, panel: RatioPanel) -> None:
    comparisons, margin = [found.comparison for found in panel.ratios], panel.margin
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
    axes.axvspan(1 / (1 + margin), 1 + margin, color=colours.band, zorder=0, lw=0)
    for floor in (found.comparison for found in panel.ratios if found.is_floor):
        if floor.ci_low is not None and floor.ci_high is not None:
            axes.axvspan(floor.ci_low, floor.ci_high, zorder=1, **_hatched(colours))
    axes.axvline(1, color=colours.text, lw=0.8, zorder=2)
    for place, comparison in enumerate(comparisons):
        _row(axes, colours, place, comparison)
    names = [wrapped(found.name, 16, 2) for found in panel.ratios]
    axes.set_yticks(range(len(names)), names)
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
        marker=VERDICTS[comparison.verdict].marker,
        ms=7.5,
        mfc=colour if filled else colours.ground,
        mec=colour,
        mew=1.5,
        zorder=4,
    )
    look = VERDICTS[comparison.verdict]
    for text, up, size, ink in (
        (f"{ratio(comparison.ratio)} {look.shape} {look.word}", 7, LETTER_PT, colours.text),
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
    series = VERDICTS[comparison.verdict].series
    return colours.text if series is None else colours.series[series]


def _legend(figure: Figure, colours: Ink, panels: Sequence[RatioPanel]) -> None:
    from matplotlib.patches import Patch

    words = f"margin, {share(panels[0].margin)}: a difference that does not matter"
    handles = [Patch(facecolor=colours.band, label=words)]
    if any(found.is_floor for panel in panels for found in panel.ratios):
        words = "noise floor: the reference against itself (A/A)"
        handles.append(Patch(label=words, **_hatched(colours)))
    legend(figure, colours, handles)


def _hatched(colours: Ink) -> dict[str, Any]:
    return {"facecolor": "none", "edgecolor": colours.faint, "hatch": "////", "lw": 0, "alpha": 0.6}
