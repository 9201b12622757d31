"""The ledger for the terminal: one line per cell, or in full with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.result import CellLedger, Result
from harness.model.run import Ledger
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


LINE_HEADERS = ("generated", "received", "lost", "drops", "waited", "unexpl.")
"""The columns of a cell's line in the table; the other terms are in its `equation`."""


def line(total: Ledger) -> list[str]:
    """One cell under LINE_HEADERS."""
    received = None
    if total.complete is not None and total.partial is not None:
        received = total.complete + total.partial
    return [
        count(total.generated),
        count(received),
        count(total.lost),
        count(total.socket_drops),
        milliseconds(total.waited_ms),
        count(total.unexplained),
    ]


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
    events = "1 event" if total.foreign_lost == 1 else f"{count(total.foreign_lost)} events"
    return f"up to {events} of other processes lost as well"


def is_silent(total: Ledger) -> bool:
    """Whether the ledger has nothing to report."""
    terms = [getattr(total, name) for name in TERMS]
    return not any((*terms, total.lost, total.socket_drops, total.waited_ms))


def render_ledgers(result: Result, console: Console) -> None:
    """Print every cell's ledger in full."""
    console.print(Group(*_full(result)))


def _full(result: Result) -> Iterator[RenderableType]:
    for ledger in result.ledgers:
        cell, total = ledger.cell, ledger.total
        name = f"\n{cell.workload} × {cell.scenario} × {cell.consumer}"
        trials = "1 trial" if ledger.trials == 1 else f"{ledger.trials} trials"
        trials += f", {count(ledger.operations)} operations"
        yield Text(f"{name}: {trials}", style="bold")
        if is_silent(total):
            yield Text("no events", style="dim")
            continue
        yield _entries(ledger)
        for sentence in unknowns(total):
            yield Text(f"? {sentence}", style="yellow")


def _entries(ledger: CellLedger) -> Table:
    total = ledger.total
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for name in TERMS:
        table.add_row(count(getattr(total, name)), f"events {name}{_bounds(total, name)}")
    for name, words in zip(STAGES, STAGES_IN_WORDS, strict=True):
        table.add_row(count(getattr(total, f"stage_{name}")), f"records dropped: {words}")
    for words, name in EVIDENCE.items():
        table.add_row(count(getattr(total, name)), words)
    table.add_row(milliseconds(total.waited_ms), "waited for room in the backlog, all processes")
    return table


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
