"""What each scenario costs in instructions, and how that moves from kernel to kernel."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.model.count import INSTRUCTIONS, CountedCell, CountedResult
from harness.plain import plain
from harness.reporters.counts.numbers import instructions, short_kernel_names
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.scale import even_ticks, plain_number, set_ticks
from harness.reporters.plots.style import (
    LINES,
    SMALL_PT,
    WIDTH_IN,
    Ink,
    add_axes,
    legend,
    new_figure,
    wrapped,
    write_titles,
)
from harness.reporters.words import metric_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

NAMES_IN, RIGHT_IN, LEFT_IN = 1.35, 0.75, 0.6
ROW_IN, HEAD_IN, FOOT_IN, LINE_IN, PANEL_IN = 0.3, 0.45, 0.35, 0.17, 2.2
TILTED_IN = 0.75
MARKERS = ("o", "s", "^", "v", "D", "P", "X", "*", "p", "<", ">")
"""As many as have no divisor in common with the colours, so that each pair comes late again."""
ROOM = 1.05
"""An axis ends a little beyond its greatest value."""
Panels = Mapping[str, Sequence[CountedCell]]


def in_version_order(kernels: Sequence[str]) -> list[str]:
    """Kernels from old to new: 6.9 before 6.12."""
    return sorted(dict.fromkeys(kernels), key=lambda name: (_version(name), name))


def _version(name: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", name)))


def _metric(choice: Choice) -> str:
    return choice.metric or INSTRUCTIONS


def _panels(result: CountedResult, choice: Choice) -> Panels:
    """The cells to draw by workload."""
    panels: dict[str, list[CountedCell]] = {}
    for cell in result.cells:
        if cell.metric == _metric(choice) and choice.workload in (None, cell.workload):
            panels.setdefault(cell.workload, []).append(cell)
    return panels


def missing(result: CountedResult, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _panels(result, choice) else f"it has no {_metric(choice)}"


def missing_kernels(result: CountedResult, choice: Choice) -> str | None:
    """The same of a plot over kernels, for which one is too few."""
    panels = _panels(result, choice)
    if not panels or any(len(_kernels(cells)) > 1 for cells in panels.values()):
        return missing(result, choice)
    return "it was counted under one kernel: name several with --kernel, or draw counts"


def _kernels(cells: Sequence[CountedCell]) -> list[str]:
    return in_version_order([cell.kernel for cell in cells])


def data(result: CountedResult, choice: Choice) -> Table:
    """One row per kernel and cell."""
    header = ("kernel", "workload", "scenario", "metric", "estimate", "difference", "floor")
    rows = tuple(
        (c.kernel, c.workload, c.scenario, c.metric, c.estimate, c.difference, c.floor)
        for cells in _panels(result, choice).values()
        for c in cells
    )
    return Table(header, rows)


def words(result: CountedResult, choice: Choice) -> str:
    """Every count, by workload and scenario."""
    lines = [f"By scenario and kernel: {metric_title(_metric(choice))}."]
    for workload, cells in _panels(result, choice).items():
        several = len(_kernels(cells)) > 1
        for scenario in dict.fromkeys(cell.scenario for cell in cells):
            own = {cell.kernel: cell for cell in cells if cell.scenario == scenario}
            counts = (
                f"{instructions(own[kernel].estimate)}{f' under {kernel}' if several else ''}"
                for kernel in in_version_order(list(own))
            )
            lines.append(f"{workload} × {scenario}: {', '.join(counts)}.")
    return "\n".join(map(plain, lines))


def picture(result: CountedResult, choice: Choice, colours: Ink) -> Figure:
    """A panel per workload, a row per scenario; each kernel has its mark."""
    panels = _panels(result, choice)
    kernels = in_version_order([c.kernel for cells in panels.values() for c in cells])
    rows = [len(dict.fromkeys(c.scenario for c in cells)) for cells in panels.values()]
    heights = [HEAD_IN + ROW_IN * number + FOOT_IN for number in rows]
    foot = LINE_IN * len(kernels) + 0.1 if len(kernels) > 1 else 0.05
    figure = new_figure(colours, sum(heights) + foot)
    top, what = 0.05, metric_title(_metric(choice))
    handles: dict[str, Line2D] = {}
    for (workload, cells), number, height in zip(panels.items(), rows, heights, strict=True):
        write_titles(figure, colours, top, workload, wrapped(what, 62, 1))
        axes = add_axes(figure, colours, left_in=NAMES_IN, top_in=top + HEAD_IN,
                        width_in=WIDTH_IN - NAMES_IN - RIGHT_IN,
                        height_in=ROW_IN * number)  # fmt: skip
        handles |= _rows(axes, colours, cells, kernels)
        top += height
    if len(kernels) > 1:
        legend(figure, colours, list(handles.values()))
    return figure


def _rows(
    axes: Axes, colours: Ink, cells: Sequence[CountedCell], kernels: Sequence[str]
) -> dict[str, Line2D]:
    scenarios = list(dict.fromkeys(cell.scenario for cell in cells))
    greatest = max(cell.estimate for cell in cells) or 1.0
    axes.set_xlim(0, greatest * ROOM)
    axes.set_ylim(len(scenarios) - 0.5, -0.5)
    set_ticks(axes.xaxis, even_ticks(0, greatest * ROOM), plain_number)
    axes.set_yticks(range(len(scenarios)), [wrapped(name, 18, 2) for name in scenarios])
    axes.tick_params(axis="y", length=0)
    handles: dict[str, Line2D] = {}
    for place, kernel in enumerate(kernels):
        own = [cell for cell in cells if cell.kernel == kernel]
        at = [scenarios.index(cell.scenario) for cell in own]
        colour = colours.series[place % len(colours.series)]
        if len(kernels) == 1:
            axes.hlines(at, 0, [cell.estimate for cell in own], color=colour, lw=1.5, zorder=2)
            for y, cell in zip(at, own, strict=True):
                _value(axes, colours, y, cell)
        (handles[kernel],) = axes.plot(
            [cell.estimate for cell in own], at, ls="", color=colour, ms=6, zorder=3,
            marker=MARKERS[place % len(MARKERS)], label=wrapped(kernel, 50, 1),
        )  # fmt: skip
    return handles


def _value(axes: Axes, colours: Ink, place: int, cell: CountedCell) -> None:
    axes.annotate(
        instructions(cell.estimate), (1, place), xycoords=("axes fraction", "data"),
        xytext=(6, 0), textcoords="offset points", va="center", fontsize=SMALL_PT,
        color=colours.text, annotation_clip=False,
    )  # fmt: skip


def picture_kernels(result: CountedResult, choice: Choice, colours: Ink) -> Figure:
    """A panel per workload, the kernels from old to new, a line per scenario."""
    panels = _panels(result, choice)
    names = list(dict.fromkeys(c.scenario for cells in panels.values() for c in cells))
    height = HEAD_IN + PANEL_IN + TILTED_IN
    figure = new_figure(colours, height * len(panels) + LINE_IN * len(names) + 0.15)
    top, what = 0.05, metric_title(_metric(choice))
    handles: dict[str, Line2D] = {}
    for workload, cells in panels.items():
        write_titles(figure, colours, top, workload, wrapped(what, 62, 1))
        axes = add_axes(figure, colours, left_in=LEFT_IN, top_in=top + HEAD_IN,
                        width_in=WIDTH_IN - LEFT_IN - 0.25, height_in=PANEL_IN)  # fmt: skip
        handles |= _lines(axes, colours, cells, names)
        top += height
    legend(figure, colours, list(handles.values()))
    return figure


def _lines(
    axes: Axes, colours: Ink, cells: Sequence[CountedCell], names: Sequence[str]
) -> dict[str, Line2D]:
    kernels = _kernels(cells)
    shown = short_kernel_names(kernels)
    greatest = max(cell.estimate for cell in cells) or 1.0
    axes.set_xlim(-0.5, len(kernels) - 0.7)
    axes.set_ylim(0, greatest * ROOM)
    set_ticks(axes.yaxis, even_ticks(0, greatest * ROOM), plain_number)
    set_ticks(axes.xaxis, list(range(len(kernels))), lambda x: wrapped(shown[round(x)], 16, 1))
    axes.tick_params(axis="x", labelrotation=20, labelsize=7)
    for label in axes.get_xticklabels():
        label.set_horizontalalignment("right")
        label.set_rotation_mode("anchor")
    handles: dict[str, Line2D] = {}
    for place, name in enumerate(names):
        own = {cell.kernel: cell.estimate for cell in cells if cell.scenario == name}
        if not own:
            continue
        at = [x for x, kernel in enumerate(kernels) if kernel in own]
        (handles[name],) = axes.plot(
            at, [own[kernels[x]] for x in at], lw=1.4, ms=5.5, zorder=3,
            color=colours.series[place % len(colours.series)],
            ls=LINES[place // len(colours.series) % len(LINES)],
            marker=MARKERS[place % len(MARKERS)], label=wrapped(name, 50, 1),
        )  # fmt: skip
    return handles


COUNTS: Plot[CountedResult] = Plot(
    "counts", "Instructions by scenario", picture, data, words, missing, takes_metric=True
)
KERNELS: Plot[CountedResult] = Plot(
    "kernels",
    "Instructions from kernel to kernel",
    picture_kernels,
    data,
    words,
    missing_kernels,
    takes_metric=True,
)
