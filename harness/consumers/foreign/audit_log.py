"""Lines of audit.log, as auditd writes them, back to records: raw and enriched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from consumer.text.names import type_number
from harness.consumers.foreign.reassemble import Record

ENRICHMENT = b"\x1d"
"""The text after it on a line is auditd's, not the kernel's."""
DAEMON_TYPES = range(1200, 1300)
"""auditd's records about itself, with serials of its own that collide with the kernel's."""
UNKNOWN_TYPE = 1399
"""For a name that is in no table: a kernel record that may be alone in its event."""


def log_records(path: Path) -> Iterator[Record]:
    """The kernel's records of a log, in its order; none if there is no log."""
    return records_of(path, line_records)


def records_of(
    path: Path, parse: Callable[[Iterable[bytes]], Iterator[Record]]
) -> Iterator[Record]:
    """The records that `parse` finds in the lines of a file; none if there is no file."""
    try:
        with path.open("rb") as lines:
            yield from parse(lines)
    except FileNotFoundError:
        return


def line_records(lines: Iterable[bytes]) -> Iterator[Record]:
    """The kernel's records of these lines. A line without a newline was not written completely."""
    for line in lines:
        head, found, rest = line.partition(b" msg=")
        if not found or not rest.startswith(b"audit(") or not rest.endswith(b"\n"):
            continue
        # `node=HOST ` may precede the type.
        _, found, name = head.rpartition(b"type=")
        record_type = record_type_of(name)
        if found and record_type not in DAEMON_TYPES:
            yield record_type, rest.partition(ENRICHMENT)[0].rstrip(b"\n")


@lru_cache(maxsize=512)
def record_type_of(name: bytes) -> int:
    """The number of a type as programs print it; UNKNOWN_TYPE for an unknown name."""
    text = name.decode("ascii", "replace")
    if text.startswith("DAEMON_"):
        return DAEMON_TYPES.start
    number = type_number(text)
    return UNKNOWN_TYPE if number is None else number
