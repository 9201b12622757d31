"""How long single operations took: every percentile, with the rare ones given their room."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.counted import counted
from harness.model.result import ReportView
from harness.model.run import Sample
from harness.model.stored.trial import StoredLatency, StoredWorkload
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import groups, labels, used
from harness.reporters.plots.scale import axis_duration, round_ticks, set_ticks
from harness.reporters.plots.style import (
    LINES,
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    new_figure,
    wrapped,
    write,
    write_titles,
)
from harness.reporters.units import duration
from workloads.parts.latency import bucket_of, bucket_upper_ns, percentile_ns

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEAD_IN, PANEL_IN, FOOT_IN, ROW_IN, LEFT_IN, RIGHT_IN = 0.5, 2.3, 0.62, 0.22, 0.75, 0.3
MARKED = {"p50": 500, "p99": 990, "p99.9": 999}
"""In thousandths."""
SHAPES = ("o", "s", "^", "v", "D", "P", "X")
MOST_LINES = len(SHAPES)
_TICKS = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


@dataclass(frozen=True, slots=True)
class Distribution:
    """All operations of a cell; `buckets` are (index, count) of the workers' histogram."""

    workload: str
    scenario: str
    consumer: str
    label: str
    buckets: tuple[tuple[int, int], ...]
    max_ns: int

    @property
    def operations(self) -> int:
        """How many were timed."""
        return sum(number for _, number in self.buckets)

    def percentile_ns(self, per_mille: int) -> int:
        """What so many of a thousand operations did not exceed."""
        return percentile_ns(self.buckets, per_mille, self.max_ns)


def _of_load(sample: Sample) -> StoredLatency | None:
    return StoredWorkload.of(sample).latency


def distributions(
    view: ReportView,
    choice: Choice,
    latency_of: Callable[[Sample], StoredLatency | None] = _of_load,
) -> list[Distribution]:
    """The latencies of every cell that has any; `latency_of` takes them from a trial."""
    trials = used(view.samples)
    found = []
    for group in groups(view, choice).values():
        for cell, label in labels(group).items():
            buckets, max_ns = _merged(map(latency_of, trials.get(cell, [])))
            if buckets:
                name = (cell.workload, cell.scenario, cell.consumer)
                found.append(Distribution(*name, label, buckets, max_ns))
    return found


def _merged(
    trials: Iterable[StoredLatency | None],
) -> tuple[tuple[tuple[int, int], ...], int]:
    counts: dict[int, int] = {}
    max_ns = 0
    for found in trials:
        latency = found or StoredLatency()
        for lower_ns, number in latency.buckets:
            index = bucket_of(lower_ns)
            counts[index] = counts.get(index, 0) + number
        max_ns = max(max_ns, latency.max_ns)
    return tuple(sorted(counts.items())), max_ns


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    found = distributions(view, choice)
    return None if found else "no trial of this run has the latency of single operations"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per cell and bucket that is not empty, with the share of operations up to it."""
    return distribution_rows(distributions(view, choice))


def distribution_rows(group: Iterable[Distribution]) -> Table:
    """The same of any latencies."""
    rows = []
    for found in group:
        seen = 0
        for index, number in found.buckets:
            seen += number
            upper = min(bucket_upper_ns(index), found.max_ns)
            share = seen / found.operations
            rows.append((found.workload, found.scenario, found.consumer, upper, number, share))
    header = ("workload", "scenario", "consumer", "latency_at_most_ns", "operations")
    return Table((*header, "share_up_to_here"), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """The percentiles that are marked."""
    head = "Latency of single operations, all trials of a cell together."
    return distribution_words(head, distributions(view, choice))


def distribution_words(head: str, group: Iterable[Distribution]) -> str:
    """The same of any latencies, after a line that says whose they are."""
    lines = [head]
    for found in group:
        marked = ", ".join(
            f"{name} {duration(found.percentile_ns(p))}" for name, p in MARKED.items()
        )
        lines.append(
            f"{plain(found.workload)}, {plain(found.label)}: {marked}, "
            f"longest {duration(found.max_ns)}, of {counted(found.operations, 'operation')}."
        )
    return "\n".join(lines)


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, a line per cell; below it what is marked, in numbers."""
    return draw(view, distributions(view, choice), colours, "latency by percentile")


def draw(view: ReportView, found: Sequence[Distribution], colours: Ink, subtitle: str) -> Figure:
    """The same of any latencies; the subtitle says whose they are."""
    panels = _panels(view, found)
    heights = [HEAD_IN + PANEL_IN + FOOT_IN + ROW_IN * len(group) + 0.2 for _, group in panels]
    figure = new_figure(colours, sum(heights))
    top = 0.05
    for (workload, group), height in zip(panels, heights, strict=True):
        write_titles(figure, colours, top, workload, subtitle)
        axes = add_axes(
            figure,
            colours,
            left_in=LEFT_IN,
            top_in=top + HEAD_IN,
            width_in=WIDTH_IN - LEFT_IN - RIGHT_IN,
            height_in=PANEL_IN,
        )
        _panel(axes, colours, group, _limits_ns(panels, workload))
        _key(figure, colours, group, top + HEAD_IN + PANEL_IN + 0.32)
        top += height
    return figure


def _panels(
    view: ReportView, distributions: Iterable[Distribution]
) -> list[tuple[str, list[Distribution]]]:
    """By workload, and no more lines in one panel than can be told apart; the reference in each."""
    by_workload: dict[str, list[Distribution]] = {}
    for found in distributions:
        by_workload.setdefault(found.workload, []).append(found)
    panels = []
    for workload, group in by_workload.items():
        references = view.result.plan.reference.scenarios
        first = [found for found in group if found.scenario in references][:1]
        rest = [found for found in group if found not in first]
        number = max(math.ceil(len(rest) / (MOST_LINES - len(first))), 1)
        step = max(math.ceil(len(rest) / number), 1)
        panels += [
            (workload, [*first, *rest[start : start + step]])
            for start in range(0, max(len(rest), 1), step)
        ]
    return panels


def _nines(share: float) -> float:
    """0.9, 0.99, 0.999 at 1, 2, 3."""
    return -math.log10(1 - share)


def _limits_ns(
    panels: Sequence[tuple[str, list[Distribution]]], workload: str
) -> tuple[float, float]:
    """From the shortest to the longest of all panels of a workload, so that they compare."""
    together = [found for name, group in panels if name == workload for found in group]
    shortest = min(bucket_upper_ns(found.buckets[0][0]) for found in together)
    longest = max(found.max_ns for found in together)
    return max(shortest, 1) / 1.3, max(longest, 2) * 1.3


def _panel(
    axes: Axes, colours: Ink, group: Sequence[Distribution], limits_ns: tuple[float, float]
) -> None:
    right = max(_nines(1 - 1 / max(found.operations, 2)) for found in group)
    axes.set_yscale("log")
    for place, found in enumerate(group):
        shares, values = _curve(found)
        axes.plot([_nines(share) for share in shares], values, lw=1.6, **_look(colours, place))
        marked = [p for p in MARKED.values() if _nines(p / 1000) <= right]
        axes.plot(
            [_nines(p / 1000) for p in marked],
            [max(found.percentile_ns(p), 1) for p in marked],
            ls="",
            marker=SHAPES[place % len(SHAPES)],
            ms=4.5,
            color=_look(colours, place)["color"],
            zorder=4,
        )
    for per_mille in MARKED.values():
        axes.axvline(_nines(per_mille / 1000), color=colours.band, lw=1, zorder=0)
    axes.set_xlim(0, right)
    axes.set_ylim(*limits_ns)
    set_ticks(axes.yaxis, round_ticks(*limits_ns, 6), axis_duration)
    ticks = [share for share in _TICKS if _nines(share) <= right]
    set_ticks(axes.xaxis, [_nines(share) for share in ticks], _percent)


def _percent(nines: float) -> str:
    return f"{100 - 100 / 10**nines:.6g}"


def _curve(found: Distribution) -> tuple[list[float], list[int]]:
    """Shares below 1, and the latency there. The longest is that of the last operation."""
    operations = found.operations
    shares, values, seen = [0.0], [max(bucket_upper_ns(found.buckets[0][0]), 1)], 0
    for index, number in found.buckets:
        seen += number
        shares.append(min(seen / operations, 1 - 1 / max(operations, 2)))
        values.append(max(min(bucket_upper_ns(index), found.max_ns), 1))
    return shares, values


def _look(colours: Ink, place: int) -> dict[str, Any]:
    """Seven colours and four dashes, so that nothing depends on colour alone."""
    return {
        "color": colours.series[place % len(colours.series)],
        "ls": LINES[place % len(LINES)],
    }


def _key(figure: Figure, colours: Ink, group: Sequence[Distribution], top: float) -> None:
    """A table: the line, the cell's name, and what is marked on the line."""
    from matplotlib.lines import Line2D

    width, height = figure.get_size_inches()
    columns = dict(zip(MARKED, (3.1, 3.9, 4.7), strict=True))
    for name, right in columns.items():
        write(figure, colours, right, top, name, ha="right", fontsize=SMALL_PT, color=colours.faint)
    for place, found in enumerate(group):
        top += ROW_IN
        middle = 1 - (top + 0.07) / height
        xs = [at / width for at in (0.1, 0.3, 0.5)]
        look = _look(colours, place) | {"marker": SHAPES[place % len(SHAPES)], "markevery": [1]}
        figure.add_artist(Line2D(xs, [middle] * 3, lw=1.6, ms=4.5, **look))
        write(figure, colours, 0.6, top, wrapped(found.label, 26, 1), fontsize=SMALL_PT)
        for (_, per_mille), right in zip(MARKED.items(), columns.values(), strict=True):
            text = duration(found.percentile_ns(per_mille))
            write(figure, colours, right, top, text, ha="right", fontsize=SMALL_PT)


LATENCY: Plot[ReportView] = Plot(
    "latency", "Latency of single operations", picture, data, words, missing
)
