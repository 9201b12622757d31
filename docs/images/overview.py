"""The picture at the top of README: what audit costs, as bars in plain words.

Each bar is the elapsed time of one operation in units of the same operation without audit, from a
kept run. The foot names the host, its kernel and the day, so that the picture can stand alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.api import Run
from harness.model.result import Comparison
from harness.reporters.plots.style import SMALL_PT, Ink, add_axes, ink, settings, write
from harness.reporters.units import duration, ratio

WIDTH_IN, ROW_IN, HEAD_IN, GAP_IN, FOOT_IN = 6.4, 0.26, 0.3, 0.18, 0.5
NAMES_IN = 2.75
"""How much of the width the names of the bars take."""
ROOM_FOR_NUMBERS = 1.34
"""How much longer the axis is than the longest bar."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One kind of operation: its heading, and the words for each scenario that is shown."""

    run: Run
    workload: str
    heading: str
    bars: dict[str, str]

    @property
    def comparisons(self) -> list[tuple[str, Comparison]]:
        """The words and the numbers of each bar, from top to bottom."""
        found = {
            c.cell.scenario: c for c in self.run.comparisons("elapsed", workload=self.workload)
        }
        return [(words, found[scenario]) for scenario, words in self.bars.items()]


def overview(panels: Sequence[Panel], *, dark: bool) -> Figure:
    """The picture, on light or on dark ground."""
    colours = ink(dark=dark)
    height = FOOT_IN + sum(HEAD_IN + GAP_IN + ROW_IN * len(panel.bars) for panel in panels)
    longest = max(c.ratio for panel in panels for _, c in panel.comparisons)
    with settings():
        figure = Figure(figsize=(WIDTH_IN, height), facecolor="none")
        top_in = 0.08
        for panel in panels:
            write(figure, colours, 0.1, top_in, panel.heading, fontweight="bold")
            axes = add_axes(
                figure,
                colours,
                left_in=NAMES_IN,
                top_in=top_in + HEAD_IN,
                width_in=WIDTH_IN - NAMES_IN - 0.1,
                height_in=ROW_IN * len(panel.bars),
            )
            axes.set_xlim(0, longest * ROOM_FOR_NUMBERS)
            _bars(axes, panel, colours)
            top_in += HEAD_IN + ROW_IN * len(panel.bars) + GAP_IN
        for line, text in enumerate(foot(panels)):
            write(
                figure,
                colours,
                0.1,
                top_in + 0.17 * line,
                text,
                color=colours.faint,
                fontsize=SMALL_PT,
            )
    return figure


def _bars(axes: Axes, panel: Panel, colours: Ink) -> None:
    axes.set_ylim(len(panel.bars) - 0.5, -0.5)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0, labelsize=10)
    axes.set_yticks(range(len(panel.bars)), [words for words, _ in panel.comparisons])
    for at, (_, c) in enumerate(panel.comparisons):
        is_reference = c.ci_low is None or c.ci_high is None
        colour = colours.faint if is_reference else colours.series[0]
        axes.barh(at, c.ratio, height=0.66, color=colour)
        end = c.ratio
        if c.ci_low is not None and c.ci_high is not None:
            axes.plot((c.ci_low, c.ci_high), (at, at), color=colours.text, linewidth=1.2)
            end = c.ci_high
        text = f"1 = {duration(c.estimate)}" if is_reference else f"{ratio(c.ratio)} times"
        axes.annotate(
            text, (end, at), (5, 0), textcoords="offset points", va="center", color=colours.text
        )


def foot(panels: Sequence[Panel]) -> list[str]:
    """What the bars are, and where and when they were measured."""
    environments = [panel.run.environment for panel in panels]
    facts = environments[0]["facts"]
    days = sorted({datetime.fromisoformat(e["started_at"]).date() for e in environments})
    when = " and ".join(f"{day:%-d %B %Y}" for day in days)
    cpus = f"{len(facts['cpu']['online'])} virtual CPUs ({facts['cpu']['model']})"
    return [
        "Elapsed time of one operation, without audit = 1; thin line: 95 % interval",
        f"{facts['hostname']}: {cpus}, Linux {facts['kernel']['release']}, {when}",
    ]
