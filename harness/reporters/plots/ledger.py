"""From the events generated to those that arrived whole, with each loss at its stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.counted import counted
from harness.model.result import ReportView
from harness.plain import plain
from harness.reporters.plots.base import Choice, Plot, Table
from harness.reporters.plots.ledger_flows import LOSSES, STAGES, Flow, flows_of, worst_first
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
from harness.reporters.units import NOTHING, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES_IN, RIGHT_IN, ROW_IN, NUMBERS_IN, HEAD_IN = 1.1, 0.05, 0.4, 0.2, 0.72
FOOT_IN, GAP_IN, TITLE_IN, LINE_IN = 0.2, 0.12, 0.25, 0.15
STEP_IN = NUMBERS_IN + ROW_IN + GAP_IN
HEADERS = (
    "demanded\nby rules",
    "suppressed\nby rules",
    "refused by\nbacklog",
    "vanished\non the way",
    "arrived\nin part",
    "arrived\nwhole",
)
HATCHES = {"suppressed": "---", "refused": "////", "vanished": "\\\\\\\\", "partial": "xxxx"}
MIN_SHARE = 0.03
"""A loss is drawn at least this high: one event among millions must be seen."""

LETTERS_IN_COLUMN = 9
LETTERS_IN_LINE, MOST_LINES = 84, 9
MIN_HATCHED = 0.1
"""A hatch on less than this would look like a dashed line."""


def missing(view: ReportView, choice: Choice) -> str | None:
    """Why there is nothing to draw."""
    if flows_of(view, choice):
        return None
    return "no cell of this run had events that its consumer assembled"


def data(view: ReportView, choice: Choice) -> Table:
    """One row per cell with events: the terms of its ledger."""
    terms = ("generated", *LOSSES, "complete", "unexplained", "refused_low", "refused_high", "lost")
    rows = [
        (*flow.name, *(flow.term(name) for name in (*terms, *STAGES)))
        for flows in flows_of(view, choice).values()
        for flow in flows
    ]
    return Table(("workload", "scenario", "consumer", *terms, *STAGES), tuple(rows))


def words(view: ReportView, choice: Choice) -> str:
    """Each ledger as a sentence."""
    lines = ["Where the events went, all trials of a cell together."]
    for workload, flows in flows_of(view, choice).items():
        lines += [f"{plain(workload)}, {plain(flow.label)}: {_sentence(flow)}." for flow in flows]
    return "\n".join(lines)


def _sentence(flow: Flow) -> str:
    generated = flow.total.generated
    start = f"{count(generated)} demanded"
    if generated is None:
        start = "the number generated is unknown"
    parts = []
    for name in LOSSES:
        value = flow.term(name)
        if value is None or value:
            at = f" ({flow.stages})" if name == "vanished" and flow.stages else ""
            parts.append(f"{NOTHING if value is None else count(value)} {name}{at}")
    if flow.is_bounded:
        low, high = count(flow.total.refused_low), count(flow.total.refused_high)
        parts.append(f"`lost` allows {low} to {high} refused")
    parts.append(f"{count(flow.total.complete)} arrived whole")
    if flow.total.unexplained:
        parts.append(f"{_signed(flow.total.unexplained)} unexplained")
    return f"{start}, {', '.join(parts)}"


def _signed(number: int) -> str:
    return f"{number:+,d}".replace("-", "−")


def picture(view: ReportView, choice: Choice, colours: Ink) -> Figure:
    """One panel per workload, a row per cell: what is left falls from column to column."""
    panels = {name: worst_first(flows) for name, flows in flows_of(view, choice).items()}
    heights = [_panel_in(drawn, folded) for drawn, folded in panels.values()]
    bounded = any(flow.is_bounded for drawn, _ in panels.values() for flow in drawn)
    figure = new_figure(colours, sum(heights) + 0.35 * bounded)
    top = 0.05
    for (workload, (drawn, folded)), height in zip(panels.items(), heights, strict=True):
        write_titles(figure, colours, top, workload, "events" if drawn else "")
        if drawn:
            _headers(figure, colours, top + 0.3)
        for place, flow in enumerate(drawn):
            _row(figure, colours, flow, top + HEAD_IN + place * STEP_IN)
        write(figure, colours, 0.05, top + _rows_in(drawn), _folded(folded), fontsize=SMALL_PT)
        top += height
    if bounded:
        note = "* the remainder of the other terms; `lost` allows a range of values"
        write(figure, colours, 0.05, top - 0.1, note, fontsize=7.5, color=colours.faint)
    return figure


def _rows_in(drawn: Sequence[Flow]) -> float:
    """The height of a panel's title and rows."""
    return HEAD_IN + STEP_IN * len(drawn) if drawn else TITLE_IN


def _panel_in(drawn: Sequence[Flow], folded: Sequence[Flow]) -> float:
    lines = len(_folded(folded).splitlines())
    return _rows_in(drawn) + LINE_IN * lines + FOOT_IN


def _folded(flows: Sequence[Flow]) -> str:
    """The cells that lost nothing, and how many events reached each; empty where there are none."""
    if not flows:
        return ""
    numbers = sorted({flow.total.complete or 0 for flow in flows})
    each = " to ".join(count(number) for number in dict.fromkeys((numbers[0], numbers[-1])))
    names = ", ".join(flow.label for flow in flows)
    words = f"{counted(len(flows), 'cell')} lost nothing (events in each: {each}): {names}"
    return wrapped(words, LETTERS_IN_LINE, MOST_LINES)


def _column_in() -> float:
    return (WIDTH_IN - NAMES_IN - RIGHT_IN) / len(HEADERS)


def _headers(figure: Figure, colours: Ink, top: float) -> None:
    for place, header in enumerate(HEADERS):
        middle = NAMES_IN + (place + 0.5) * _column_in()
        write(figure, colours, middle, top, header, ha="center", fontsize=7.5, color=colours.faint)


def _row(figure: Figure, colours: Ink, flow: Flow, top: float) -> None:
    name = wrapped(flow.label, 14, 2)
    write(figure, colours, 0.05, top + 0.14, name, fontsize=SMALL_PT)
    if flow.total.unexplained:
        text = f"{_signed(flow.total.unexplained)} unexplained"
        write(figure, colours, 0.05, top + 0.46, text, fontsize=7.5, weight="bold")
    axes = add_axes(
        figure,
        colours,
        left_in=NAMES_IN,
        top_in=top + NUMBERS_IN,
        width_in=WIDTH_IN - NAMES_IN - RIGHT_IN,
        height_in=ROW_IN,
    )
    axes.set_xlim(-0.5, len(HEADERS) - 0.5)
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    axes.set_yticks([])
    _steps(axes, colours, flow)


def _steps(axes: Axes, colours: Ink, flow: Flow) -> None:
    """Each column's bar hangs where the one before it ended."""
    level = 1.0 if flow.total.generated is not None else 0.0
    _number(axes, colours, 0, count(flow.total.generated))
    if level:
        _bar(axes, colours, 0, 0.0, 1.0, "generated")
    level = 1.0
    for place, name in enumerate(LOSSES, start=1):
        value = flow.term(name)
        star = "*" if name == "refused" and flow.is_bounded else ""
        _number(axes, colours, place, count(value) + star, faint=not value)
        share = (value or 0) / flow.whole
        axes.plot((place - 0.7, place - 0.3), (level, level), color=colours.faint, lw=0.7)
        if share > 0:
            # A loss too small to be seen keeps its place; only its height is not to scale.
            shown = max(share, MIN_SHARE)
            _bar(axes, colours, place, max(level - shown, 0.0), min(shown, 1.0), name)
        else:
            axes.plot((place - 0.3, place + 0.3), (level, level), color=colours.faint, lw=0.7)
        level = max(level - share, 0.0)
    last = len(HEADERS) - 1
    axes.plot((last - 0.7, last - 0.3), (level, level), color=colours.faint, lw=0.7)
    _number(axes, colours, last, count(flow.total.complete))
    whole = (flow.total.complete or 0) / flow.whole
    if whole > 0:
        _bar(axes, colours, last, 0.0, max(whole, MIN_SHARE), "complete")


def _bar(axes: Axes, colours: Ink, place: int, low: float, height: float, name: str) -> None:
    look = _look(colours, name) | ({"hatch": None} if height < MIN_HATCHED else {})
    axes.bar(place, height, 0.6, low, clip_on=False, **look)


def _look(colours: Ink, name: str) -> dict[str, Any]:
    blue, orange, green, purple, vermilion, *_ = colours.series
    fills = {
        "generated": blue,
        "suppressed": colours.band,
        "refused": vermilion,
        "vanished": purple,
        "partial": orange,
        "complete": green,
    }
    edge = colours.faint if name == "suppressed" else colours.ground
    return {"facecolor": fills[name], "edgecolor": edge, "hatch": HATCHES.get(name), "lw": 0}


def _number(axes: Axes, colours: Ink, place: int, text: str, *, faint: bool = False) -> None:
    axes.annotate(
        text,
        (place, 1),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        # Millions stay exact: rounded, they would hide the very losses beside them.
        fontsize=min(8.0, 8.0 * LETTERS_IN_COLUMN / len(text)),
        color=colours.faint if faint else colours.text,
        annotation_clip=False,
    )


LEDGER: Plot[ReportView] = Plot("ledger", "Where every event went", picture, data, words, missing)
