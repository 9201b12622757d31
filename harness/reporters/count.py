"""What a counted run says: the guests, a row per cell, and the floor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from harness.counted import counted
from harness.model.count import (
    CONSUMER,
    COUNTED_METRICS,
    EVENTS,
    INSTRUCTIONS,
    KAUDITD,
    OF_RULES,
    RECORDS,
    RULES_DELETE,
    RULES_LOAD,
    CountedCell,
    CountedResult,
    unit_of,
)
from harness.plain import plain
from harness.reporters.counts.daemons import daemon_parts
from harness.reporters.counts.numbers import (
    DIGITS_OF_CHECKSUM,
    LEAST_SHOWN,
    count_box,
    floors_words,
    instructions,
    more,
    short_kernel_names,
)
from harness.reporters.page import (
    Box,
    Column,
    Grid,
    Legend,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
)
from harness.reporters.render.widths import need_of
from harness.reporters.units import NOTHING

_CAPTIONS: Final = {
    INSTRUCTIONS: "Instructions per operation",
    KAUDITD: "Instructions of kauditd per operation",
    CONSUMER: "Instructions of the consumer per operation",
    EVENTS: "Events per operation",
    RECORDS: "Records per operation",
    RULES_LOAD: "Instructions to load the scenario's rules",
    RULES_DELETE: "Instructions to delete them",
}
_OF_EVENTS: Final = tuple(metric for metric in COUNTED_METRICS if metric != INSTRUCTIONS)
_WIDTH, _GAP = 80, 2


def count_page(result: CountedResult) -> Page:
    """All that a counted run says."""
    return Page(f"auditbench count: {plain(result.run)}", tuple(_parts(result)))


def _parts(result: CountedResult) -> Iterator[Part]:
    yield Line(plain(_sentence(result)), "answer")
    yield from result.cautions
    if len(result.guests) > 1:
        yield _guests(result)
    for metric in dict.fromkeys(cell.metric for cell in result.cells):
        yield from _of_metric(result, metric)
    yield from daemon_parts(result)
    if result.floor is not None:
        own = (cell for cell in result.cells if cell.metric == INSTRUCTIONS)
        floors = floors_words(((cell.workload, cell.floor) for cell in own), " instructions")
        yield Line(
            f"the boots differ by {floors} at most: this is the floor, and no smaller difference "
            "means anything",
            "note",
        )
    yield Line("instructions are not time: see docs/count.md", "note")


def _sentence(result: CountedResult) -> str:
    """What costs each workload most, and then under what that was counted."""
    guests = result.guests
    under = f"Linux {guests[0].kernel} ({guests[0].source})" if len(guests) == 1 else (
        counted(len(guests), "kernel")
    )  # fmt: skip
    own = [cell for cell in result.cells if cell.metric == INSTRUCTIONS]
    if not own:
        return f"Nothing was counted under {under}."
    boots = max(len(cell.boots) for cell in own)
    words = f"Counted under {under} in {counted(boots, 'boot')}"
    words += " each" if len(guests) > 1 else ""
    return " ".join((*_dearest(result, own), *_left_out(result, own), f"{words}."))


def _left_out(result: CountedResult, own: Sequence[CountedCell]) -> Iterator[str]:
    """That there is no answer, where nothing but the reference was counted and more was to be."""
    if not result.trustworthy and {cell.scenario for cell in own} == {result.reference}:
        yield f"Nothing but {result.reference} could be counted; the warnings say why."


def _dearest(result: CountedResult, own: Sequence[CountedCell]) -> Iterator[str]:
    """A sentence for each workload that something costs more than the reference does."""
    than = "instructions per operation more than " + str(result.reference)
    for workload in dict.fromkeys(cell.workload for cell in own):
        of_workload = (cell for cell in own if cell.workload == workload)
        dearest = max(of_workload, key=lambda cell: cell.difference or 0.0)
        if dearest.difference:
            where = f" under Linux {dearest.kernel}" if len(result.guests) > 1 else ""
            yield (
                f"{dearest.scenario} costs {workload} most{where}, "
                f"{instructions(dearest.difference)} {than}."
            )
            than = "more"


def _of_metric(result: CountedResult, metric: str) -> Iterator[Part]:
    """The tables of one metric: a column per kernel where there is room, else a row."""
    cells = [cell for cell in result.cells if cell.metric == metric]
    if metric in OF_RULES:
        cells = _once(cells)
    if metric in _OF_EVENTS:
        cells = [cell for cell in cells if abs(cell.estimate) >= LEAST_SHOWN]
    if not cells:
        return
    caption = _CAPTIONS.get(metric, metric)
    name = "counts" if metric == INSTRUCTIONS else metric
    if len(result.guests) <= 1:
        yield _rows(name, caption, cells, with_kernel=False)
        return
    labels = _labels(result, cells)
    for across in ("kernel", "scenario"):
        shown = [_table(name, caption, cells, labels, across, _estimate)]
        if any(cell.difference is not None for cell in cells):
            more = f"{caption} more than {plain(str(result.reference))}"
            shown.append(_table(f"{name}-more", more, cells, labels, across, _difference))
        if all(map(_fits, shown)):
            yield from shown
            return
    yield _rows(name, caption, cells, with_kernel=True)


def _rows(name: str, caption: str, cells: Sequence[CountedCell], *, with_kernel: bool) -> Grid:
    """A row per cell."""
    places = (*_places(cells), *(("kernel",) if with_kernel else ()))
    differs = any(cell.difference is not None for cell in cells)
    heads = (*columns(*places, unit_of(cells[0].metric), left=len(places)),
             *((Column("to the reference"),) if differs else ()),
             Column("between boots"))  # fmt: skip
    rows = (
        (
            *(text(getattr(cell, place)) for place in places),
            _estimate(cell),
            *((_difference(cell),) if differs else ()),
            count_box(cell.apart if len(cell.boots) > 1 else None, 2),
        )
        for cell in cells
    )
    return Grid(name, caption, heads, tuple(rows))


_Labels = Mapping[CountedCell, Mapping[str, str]]
"""What each cell is called in each of its places."""


def _labels(result: CountedResult, cells: Sequence[CountedCell]) -> _Labels:
    names = [guest.name for guest in result.guests]
    short = dict(zip(names, short_kernel_names(names), strict=True))
    places = _places(cells)
    return {
        cell: {
            **{place: getattr(cell, place) for place in places},
            "kernel": short.get(cell.kernel, cell.kernel),
        }
        for cell in cells
    }


def _table(
    name: str,
    caption: str,
    cells: Sequence[CountedCell],
    labels: _Labels,
    across: str,
    show: Callable[[CountedCell], Box],
) -> Grid:
    """A table with a column for each kernel, or for each scenario (`across`)."""
    down = tuple(place for place in (*_places(cells), "kernel") if place != across)
    heads = tuple(dict.fromkeys(labels[cell][across] for cell in cells))
    rows: dict[tuple[str, ...], dict[str, Box]] = {}
    for cell in cells:
        row = rows.setdefault(tuple(labels[cell][place] for place in down), {})
        row[labels[cell][across]] = show(cell)
    return Grid(
        name,
        caption,
        columns(*down, *heads, left=len(down)),
        tuple(
            (*map(text, names), *(row.get(head, number(NOTHING, None)) for head in heads))
            for names, row in rows.items()
        ),
    )


def _places(cells: Sequence[CountedCell]) -> tuple[str, ...]:
    """What tells the cells of one metric and kernel apart."""
    of_rules = all(cell.metric in OF_RULES for cell in cells)
    apart = {(cell.kernel, cell.scenario) for cell in cells}
    return ("scenario",) if of_rules and len(apart) == len(cells) else ("workload", "scenario")


def _once(cells: Sequence[CountedCell]) -> list[CountedCell]:
    """Those of different rules: a scenario has the same ones for many workloads, or for all."""
    found = {(cell.kernel, cell.scenario, cell.boots): cell for cell in reversed(cells)}
    return list(found.values())[::-1]


def _fits(grid: Grid) -> bool:
    """Whether no column of a table would have to give way on a terminal."""
    widths = [
        need_of(column.name, (row[place].text for row in grid.rows), is_text=False).natural
        for place, column in enumerate(grid.columns)
    ]
    return sum(widths) + _GAP * (len(widths) - 1) <= _WIDTH


def _guests(result: CountedResult) -> Legend:
    """Which kernel is which."""
    names = short_kernel_names([guest.name for guest in result.guests])
    entries = (
        (name, ", ".join((
            *((f"Linux {guest.kernel}",) if guest.kernel not in guest.source else ()),
            guest.source,
            f"SHA-256 {guest.sha256[:DIGITS_OF_CHECKSUM]}",
        )))
        for name, guest in zip(names, result.guests, strict=True)
    )  # fmt: skip
    return Legend(tuple(entries))


def _estimate(cell: CountedCell) -> Box:
    return count_box(cell.estimate)


def _difference(cell: CountedCell) -> Box:
    return number(more(cell.difference), cell.difference)
