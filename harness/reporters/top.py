"""What a log holds: its size, then a table for each thing that it is counted by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.reporters.page import Box, Grid, Line, Page, Part, columns, number, text
from harness.reporters.units import count

HEADINGS = {
    "exe": "program",
    "comm": "command",
    "syscall": "system call",
    "key": "key",
    "auid": "login user (auid)",
    "uid": "user (uid)",
    "address": "address",
    "type": "type of the first record",
    "node": "node",
    "rule": "rule",
}
_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def top_page(document: dict[str, Any], limit: int) -> Page:
    """The tables, `limit` rows of each (0: all), and below each what it leaves out."""
    return Page("auditbench top", tuple(_parts(document, limit)))


def _parts(document: dict[str, Any], limit: int) -> Iterator[Part]:
    yield Line(_summary(document), "answer")
    yield from (Caution("log", words) for words in document["cautions"])
    for table in document["tables"]:
        yield _grid(table, limit)
        notes = _notes(table, limit, as_aureport=document["as_aureport"])
        yield from (Line(note, "note") for note in notes)


def _summary(document: dict[str, Any]) -> str:
    first, last = document["first_ms"], document["last_ms"]
    if first is None:
        return f"No events in {_names(document)}."
    return (
        f"{counted(document['events'], 'event')}, {counted(document['records'], 'record')}, "
        f"{size(document['bytes'])} in {_names(document)}, {_moment(first)} to {_moment(last)}"
    )


def _names(document: dict[str, Any]) -> str:
    files = document["files"]
    return str(files[0]["name"]) if len(files) == 1 else counted(len(files), "file")


def _moment(stamp_ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(stamp_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return f"{stamp_ms // 1000} s"


def size(number: int) -> str:
    """Bytes in the unit that suits them."""
    for factor, unit in _UNITS:
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number} B"


def _grid(table: dict[str, Any], limit: int) -> Grid:
    """One table; where nothing was counted, a row that says so."""
    header = columns(HEADINGS[table["by"]], "events", "share", "records", "bytes", left=1)
    total = sum(row["events"] for row in table["rows"])
    rows = [_row(table["by"], row, total) for row in table["rows"][: limit or None]]
    if not rows:
        rows = [(text("none"), *(Box(""),) * (len(header) - 1))]
    return Grid(table["by"], "", header, tuple(rows))


def _row(kind: str, row: dict[str, Any], total: int) -> tuple[Box, ...]:
    part = row["events"] / total if total else None
    return (
        text(_value(kind, row)),
        number(count(row["events"]), row["events"]),
        Box("") if part is None else number(f"{100 * part:.1f} %", part),
        number(count(row["records"]), row["records"]),
        number(size(row["bytes"]), row["bytes"]),
    )


def _value(kind: str, row: dict[str, Any]) -> str:
    value = row["value"]
    if kind == "syscall":
        return f"{value} ({row['arch']} {row['number']})"
    return value or '""'


def _notes(table: dict[str, Any], limit: int, *, as_aureport: bool) -> Iterator[str]:
    rows = table["rows"]
    if limit and len(rows) > limit:
        rest = sum(row["events"] for row in rows[limit:])
        more = count(len(rows) - limit)
        yield f"and {more} more with {counted(rest, 'event')}; --limit 0 shows all"
    if table.get("number_zero"):
        yield (
            "not counted, as in aureport: "
            f"{counted(table['number_zero'], 'event of system call 0', 'events of system call 0')}"
        )
    if table["left_out"]:
        left_out = counted(table["left_out"], "event")
        if as_aureport:
            them = agreeing(table["left_out"], "it", "them")
            yield f"left out because aureport cannot read {them}: {left_out}"
        else:
            what = HEADINGS[table["by"]]
            yield f"not in this table because the {what} is missing or cut: {left_out}"
    if table["beyond_memory"]:
        yield f"with more values than are kept: {counted(table['beyond_memory'], 'event')}"
