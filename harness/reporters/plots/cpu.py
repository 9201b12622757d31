"""CPU per operation, by process; waiting, which is not CPU, beside it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.result import ReportView
from harness.model.run import Sample
from harness.model.stored.trial import StoredMachine, operations_of
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.groups import groups, labels, mean, used
from harness.reporters.plots.scale import axis_duration, even_ticks, set_ticks
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
from harness.reporters.units import duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, WAIT_IN, BETWEEN_IN, RIGHT_IN = 1.3, 0.85, 0.15, 0.2
ROW_IN, HEAD_IN, FOOT_IN, LEGEND_IN = 0.4, 0.52, 0.4, 0.75
USER, SYSTEM, KAUDITD, CONSUMER = (
    "cpu_workload_user_ns_per_op",
    "cpu_workload_system_ns_per_op",
    "cpu_kauditd_ns_per_op",
    "cpu_consumer_ns_per_op",
)
WORKLOAD = "cpu_workload_ns_per_op"
PARTS = ("workload", "workload user", "workload system", "kauditd", "consumer", "other")
"""`workload` only where user and system are not told apart; `other` is the rest of the machine."""
HATCHES = {"workload system": "///", "kauditd": "|||", "consumer": "\\\\\\", "other": "xx"}
OTHER_AT_MOST = 1.0
"""Others' CPU may take as much room as the known parts together; what is more is cut off."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One cell: its parts in ns per operation, and the time waited per operation."""

    workload: str
    scenario: str
    consumer: str
    label: str
    parts: dict[str, float]
    waited_ns: float | None

    @property
    def known_ns(self) -> float:
        """All but what others used."""
        return sum(value for name, value in self.parts.items() if name != "other")


def _bars(view: ReportView, choice: Choice) -> list[Bar]:
    trials = used(view.samples)
    return [
        Bar(
            cell.workload,
            cell.scenario,
            cell.consumer,
            label,
            _parts(trials.get(cell, [])),
            _waited_ns(trials.get(cell, [])),
        )
        for group in groups(view, choice).values()
        for cell, label in labels(group).items()
        if mean(trials.get(cell, []), WORKLOAD) is not None
    ]


def _parts(trials: Sequence[Sample]) -> dict[str, float]:
    """What is known, by the names of PARTS."""
    user, system = mean(trials, USER), mean(trials, SYSTEM)
    whole = mean(trials, WORKLOAD)
    found = {"workload user": user, "workload system": system}
    if user is None or system is None:
        found = {"workload": whole}
    found |= {"kauditd": mean(trials, KAUDITD), "consumer": mean(trials, CONSUMER)}
    known = sum(value for value in found.values() if value is not None)
    busy = [ns for ns in map(_busy_ns_per_op, trials) if ns is not None]
    if busy:
        found["other"] = max(statistics.fmean(busy) - known, 0.0)
    return {name: value for name, value in found.items() if value is not None}


def _busy_ns_per_op(sample: Sample) -> float | None:
    cpu = StoredMachine.of(sample).cpu
    ops = operations_of(sample)
    return cpu.busy_ns / ops if cpu and ops else None


def _waited_ns(trials: Sequence[Sample]) -> float | None:
    waits = [
        waited_ms * 1e6 / operations_of(sample)
        for sample in trials
        if (waited_ms := sample.ledger.waited_ms_of_load) is not None and operations_of(sample)
    ]
    return statistics.fmean(waits) if waits else None


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    return None if _bars(view, choice) else "no trial of this run has CPU times of the workload"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per cell, in ns per operation."""
    header = ("workload", "scenario", "consumer")
    columns = tuple(f"{part.replace(' ', '_')}_ns_per_op" for part in PARTS)
    rows = tuple(
        (
            bar.workload,
            bar.scenario,
            bar.consumer,
            *(bar.parts.get(part) for part in PARTS),
            bar.waited_ns,
        )
        for bar in _bars(view, choice)
    )
    return Table((*header, *columns, "waited_ns_per_op"), rows)


def words(view: ReportView, choice: Choice) -> str:
    """The parts of each bar."""
    lines = ["CPU time per operation by where it was used, and the time waited beside it."]
    for bar in _bars(view, choice):
        parts = ", ".join(f"{name} {duration(ns)}" for name, ns in bar.parts.items())
        wait = "" if bar.waited_ns is None else f"; waited {duration(bar.waited_ns)}"
        lines.append(f"{plain(bar.workload)}, {plain(bar.label)}: {parts}{wait}.")
    return "\n".join(lines)


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload: stacked bars, and to the right of them the waiting."""
    panels: dict[str, list[Bar]] = {}
    for bar in _bars(view, choice):
        panels.setdefault(bar.workload, []).append(bar)
    heights = [HEAD_IN + ROW_IN * len(bars) + FOOT_IN for bars in panels.values()]
    figure = new_figure(colours, sum(heights) + LEGEND_IN)
    top = 0.05
    for (workload, bars), height in zip(panels.items(), heights, strict=True):
        _panel(figure, colours, workload, bars, top)
        top += height
    _legend(figure, colours, panels)
    return figure


def _panel(figure: Figure, colours: Ink, workload: str, bars: Sequence[Bar], top: float) -> None:
    waits = any(bar.waited_ns for bar in bars)
    width = WIDTH_IN - NAMES_IN - RIGHT_IN - (WAIT_IN + BETWEEN_IN) * waits
    subtitle = "CPU time per operation" + ("" if waits else "; nothing waited for the backlog")
    write_titles(figure, colours, top, workload, subtitle)
    place = {"top_in": top + HEAD_IN - 0.05, "height_in": ROW_IN * len(bars)}
    axes = add_axes(figure, colours, left_in=NAMES_IN, width_in=width, **place)
    _stacks(axes, colours, bars, ticks=4 if waits else 6)
    axes.set_yticks(range(len(bars)), [wrapped(bar.label, 16, 2) for bar in bars])
    axes.tick_params(axis="y", length=0)
    if waits:
        left = NAMES_IN + width + BETWEEN_IN
        write(figure, colours, left, top + 0.2, "waited", fontsize=SMALL_PT)
        beside = add_axes(figure, colours, left_in=left, width_in=WAIT_IN, **place)
        _waiting(beside, colours, bars)


def _stacks(axes: Axes, colours: Ink, bars: Sequence[Bar], ticks: int) -> None:
    room = (1 + OTHER_AT_MOST) * max(bar.known_ns for bar in bars)
    limit = min(room, 1.03 * max(sum(bar.parts.values()) for bar in bars)) or 1.0
    for place, bar in enumerate(bars):
        left = 0.0
        for name, ns in bar.parts.items():
            axes.barh(place, min(ns, limit - left), 0.62, left, **_look(colours, name))
            if left + ns > limit:
                axes.text(limit, place, "›", color=colours.text, va="center", ha="left")
                break
            left += ns
    _ticks(axes, limit, len(bars), ticks)


def _waiting(axes: Axes, colours: Ink, bars: Sequence[Bar]) -> None:
    limit = 1.03 * max(bar.waited_ns or 0.0 for bar in bars)
    for place, bar in enumerate(bars):
        axes.barh(place, bar.waited_ns or 0.0, 0.62, **_look(colours, "waiting"))
    _ticks(axes, limit, len(bars), 2)
    axes.set_yticks([])


def _ticks(axes: Axes, limit: float, rows: int, most: int) -> None:
    axes.set_xlim(0, limit)
    axes.set_ylim(rows - 0.5, -0.5)
    set_ticks(axes.xaxis, even_ticks(0, limit, most), axis_duration)


def _look(colours: Ink, name: str) -> dict[str, Any]:
    """Fill and hatch of a part, so that nothing depends on colour alone."""
    blue, orange, green, purple, *_ = colours.series
    fills = {
        "workload": blue,
        "workload user": blue,
        "workload system": orange,
        "kauditd": purple,
        "consumer": green,
        "other": colours.band,
        "waiting": "none",
    }
    edge = colours.text if name == "waiting" else colours.ground
    if name == "other":
        edge = colours.faint
    hatch = "////" if name == "waiting" else HATCHES.get(name)
    return {"facecolor": fills[name], "edgecolor": edge, "hatch": hatch, "lw": 0.6}


def _legend(figure: Figure, colours: Ink, panels: dict[str, list[Bar]]) -> None:
    from matplotlib.patches import Patch

    bars = [bar for group in panels.values() for bar in group]
    names = [part for part in PARTS if any(part in bar.parts for bar in bars)]
    names += ["waiting"] if any(bar.waited_ns for bar in bars) else []
    words = {"other": "others on the machine", "waiting": "waiting for room in the backlog"}
    handles = [Patch(label=words.get(name, name), **_look(colours, name)) for name in names]
    legend(figure, colours, handles, columns=2)


CPU: Plot[ReportView] = Plot("cpu", "CPU per operation", picture, data, words, missing)
