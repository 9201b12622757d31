"""Tables of what a log holds, for the terminal: 80 columns, every text from records escaped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.plain import plain
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


def render_top(document: dict[str, Any], console: Console, limit: int) -> None:
    """Print the tables, `limit` rows of each (0: all), and below them what they leave out."""
    console.print(Group(*_parts(document, limit)))


def _parts(document: dict[str, Any], limit: int) -> Iterator[RenderableType]:
    yield Text(_summary(document), style="bold")
    for table in document["tables"]:
        yield Text()
        yield _table(table, limit)
        yield from (Text(note, style="dim") for note in _notes(table, limit))
    yield from (Text(f"! {plain(caution)}", style="yellow") for caution in document["cautions"])


def _summary(document: dict[str, Any]) -> str:
    first, last = document["first_ms"], document["last_ms"]
    if first is None:
        return f"No events in {_names(document)}."
    return (
        f"{count(document['events'])} events, {count(document['records'])} records, "
        f"{size(document['bytes'])} in {_names(document)}, {_moment(first)} to {_moment(last)}"
    )


def _names(document: dict[str, Any]) -> str:
    files = document["files"]
    return plain(files[0]["name"]) if len(files) == 1 else f"{len(files)} files"


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


def _table(table: dict[str, Any], limit: int) -> RenderableType:
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    shown.add_column(Text(HEADINGS[table["by"]]), overflow="fold", min_width=18)
    for heading in ("events", "share", "records", "bytes"):
        shown.add_column(heading, justify="right", no_wrap=True)
    total = sum(row["events"] for row in table["rows"])
    for row in table["rows"][: limit or None]:
        shown.add_row(
            Text(_value(table["by"], row)),
            count(row["events"]),
            f"{100 * row['events'] / total:.1f} %" if total else "",
            count(row["records"]),
            size(row["bytes"]),
        )
    if not table["rows"]:
        shown.add_row(Text("none", style="dim"), "", "", "", "")
    return shown


def _value(kind: str, row: dict[str, Any]) -> str:
    value = plain(row["value"])
    if kind == "syscall":
        return f"{value} ({plain(row['arch'])} {row['number']})"
    return value or '""'


def _notes(table: dict[str, Any], limit: int) -> Iterator[str]:
    rows = table["rows"]
    if limit and len(rows) > limit:
        rest = sum(row["events"] for row in rows[limit:])
        yield f"and {count(len(rows) - limit)} more with {count(rest)} events; --limit 0 shows all"
    if table.get("number_zero"):
        yield (
            f"not counted, as in aureport: {count(table['number_zero'])} events of system call 0"
        )
    if table["left_out"]:
        yield f"left out because aureport cannot read them: {count(table['left_out'])} events"
    if table["beyond_memory"]:
        yield f"with more values than are kept: {count(table['beyond_memory'])} events"
