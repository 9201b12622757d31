"""Where events went: a line per cell, or every ledger in full with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.model.result import CellLedger, Result
from harness.model.run import Ledger
from harness.reporters.page import (
    DATA,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
)
from harness.reporters.parts.cells import CellNames
from harness.reporters.parts.rows import Row
from harness.reporters.units import NOTHING, count, milliseconds

TERMS = ("generated", "complete", "partial", "refused", "vanished", "suppressed", "unexplained")
STAGES = (
    "backlog_records",
    "rate_records",
    "retry_records",
    "multicast_records",
    "consumer_records",
)
"""Where records can be dropped, in their order on the way."""
STAGES_IN_WORDS = (
    "backlog, after the first record",
    "rate limit",
    "retry and hold queue",
    "multicast buffer",
    "consumer could not read",
)
EVIDENCE = {
    "kernel's `lost`": "lost",
    "records missing from partial events": "missing_records",
    "partial events that nothing names": "unnamed_events",
    "serials missing, markers included": "serial_gaps",
    "drops of the socket": "socket_drops",
    "ENOBUFS": "enobufs",
    "records received": "received_records",
    "duplicate records": "duplicate_records",
    "late records": "late_records",
    "events after the closing marker": "after_marker_events",
    "events of other sessions": "foreign_events",
    "lost events of other sessions, at most": "foreign_lost",
    "sync markers that did not come back": "markers_missing",
}
_COUNTS = (
    Column("trials", media=DATA),
    *columns("generated", "received", left=0),
    *(Column(name, media=DATA) for name in TERMS[1:-1]),
    *columns("lost", "drops", "waited", TERMS[-1], left=0),
)
"""Of a cell's ledger; in text the terms that have no column are in its `equation`."""


def events_parts(group: Sequence[Row]) -> Iterator[Part]:
    """The events of the cells that had any; the others are named in one line."""
    names = CellNames(group)
    ledgers = [row.ledger for row in group if row.ledger is not None]
    eventful = [ledger for ledger in ledgers if not is_silent(ledger.total)]
    boxes = tuple((*names.boxes(ledger.cell), *_counts(ledger)) for ledger in eventful)
    caption = "Where the events of all trials went"
    yield Grid("ledger", caption, (*names.columns, *_COUNTS), boxes)
    for ledger in eventful:
        if words := equation(ledger.total):
            yield Line(f"{names.label(ledger.cell)}: {words}")
    silent = [names.label(ledger.cell) for ledger in ledgers if is_silent(ledger.total)]
    if silent:
        yield Line(f"no events: {', '.join(silent)}", "note")


def _counts(ledger: CellLedger) -> tuple[Box, ...]:
    """One cell under _COUNTS."""
    total = ledger.total
    values = (
        ledger.trials,
        total.generated,
        received(total),
        *(getattr(total, name) for name in TERMS[1:-1]),
        total.lost,
        total.socket_drops,
    )
    return (
        *(number(count(value), value) for value in values),
        number(milliseconds(total.waited_ms), total.waited_ms),
        number(count(total.unexplained), total.unexplained),
    )


def received(total: Ledger) -> int | None:
    """Events of which anything arrived."""
    if total.complete is None or total.partial is None:
        return None
    return total.complete + total.partial


def equation(total: Ledger) -> str:
    """Where the events went, zero terms left out; empty where all arrived whole."""
    terms = [(name, getattr(total, name)) for name in TERMS[1:]]
    if not any(value for name, value in terms if name != "complete"):
        return _others(total)
    parts = [(value, f"{count(abs(value))} {name}") for name, value in terms if value]
    first, *rest = parts
    sum_of_terms = ("−" if first[0] < 0 else "") + first[1]
    for value, words in rest:
        sum_of_terms += f" {'−' if value < 0 else '+'} {words}"
    others = _others(total)
    return f"{count(total.generated)} generated = {sum_of_terms}{'; ' if others else ''}{others}"


def _others(total: Ledger) -> str:
    """How many events of others may be among what was lost; empty where none."""
    if not total.foreign_lost:
        return ""
    return f"up to {counted(total.foreign_lost, 'event')} of other processes lost as well"


def is_silent(total: Ledger) -> bool:
    """Whether the ledger has nothing to report."""
    terms = [getattr(total, name) for name in TERMS]
    return not any((*terms, total.lost, total.socket_drops, total.waited_ms))


def ledgers_page(result: Result) -> Page:
    """Every cell's ledger in full."""
    parts = (part for place, ledger in enumerate(result.ledgers) for part in _full(ledger, place))
    return Page(f"auditbench: {result.run}, where every event went", tuple(parts))


def _full(ledger: CellLedger, place: int) -> Iterator[Part]:
    cell = ledger.cell
    yield Heading(
        f"{cell.workload} × {cell.scenario} × {cell.consumer}: {counted(ledger.trials, 'trial')}, "
        f"{counted(ledger.operations, 'operation')}"
    )
    if is_silent(ledger.total):
        yield Line("no events", "note")
        return
    header = Column("count"), Column("of", left=True)
    yield Grid(f"ledger-{place}", "", header, tuple(_entries(ledger.total)))
    yield from (Line(f"? {sentence}") for sentence in unknowns(ledger.total))


def _entries(total: Ledger) -> Iterator[tuple[Box, Box]]:
    found = {f"events {name}{_bounds(total, name)}": name for name in TERMS}
    for name, words in zip(STAGES, STAGES_IN_WORDS, strict=True):
        found[f"records dropped: {words}"] = f"stage_{name}"
    for words, name in (found | EVIDENCE).items():
        value = getattr(total, name)
        yield number(count(value), value), text(words)
    waited = number(milliseconds(total.waited_ms), total.waited_ms)
    yield waited, text("waited for room in the backlog, all processes")


def _bounds(total: Ledger, name: str) -> str:
    low, high = total.refused_low, total.refused_high
    if name != "refused" or low == high:
        return ""
    return f" (`lost` allows {count(low)} to {count(high)})"


def unknowns(total: Ledger) -> list[str]:
    """What this ledger cannot know, and why, a sentence each."""
    found = []
    if total.generated is None:
        found.append(
            "generated and unexplained are unknown: the rules depend on something that only the "
            "kernel knows, or the load makes calls that are not counted"
        )
    if total.complete is None:
        found.append("the consumer does not assemble events, so only `lost` and the wait are known")
    if total.suppressed is None:
        found.append(f"suppressed is unknown and shown as {NOTHING}")
    if total.refused_low != total.refused_high:
        found.append(
            "`lost` also counts an unknown number of records that were not refused: refused is the "
            "remainder of the other terms, checked only against these bounds"
        )
    return found
