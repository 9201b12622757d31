"""One line of an output, in whatever form, as the records of the kernel that it holds.

Each function gives None for a line that is none of its form, and nothing for one of the daemon's
own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from harness.consumers.foreign.audit_log import DAEMON_TYPES, ENRICHMENT, record_type_of
from harness.consumers.foreign.comparable import EXECVE
from harness.consumers.foreign.laurel_log import event_records

MOST_HELD = 4096
"""Events whose command line is still put together."""
MOST_HELD_BYTES = 64 << 20
"""Of their texts: ten times the longest command line that Linux takes."""
_LINE = re.compile(
    rb"(?:node=(?P<node>\S{1,330}) )?type=(?P<type>\S{1,40}) (?:msg=)?"
    rb"audit\((?P<s>\d{1,14})\.(?P<ms>\d{3}):(?P<serial>\d{1,10})\): ?"
)
_PREFIX = re.compile(rb"(?:.{0,1000}?(?:[:\]>]|(?:\A|(?<= ))-) +|<\d{1,3}>)(?=node=|type=)")
"""What syslog, the kernel or a dispatcher puts before a record, as `top` reads it."""
_ESCAPED = re.compile(rb'((?:[^"#]|"[^"]*"|#(?!035[A-Z]))*)#035(?=[A-Z])')
"""Up to the byte before the names that auditd adds, as syslog daemons write it: not in quotes."""
_BEGINNINGS = (b"type=", b"node=")
_HEAD = re.compile(rb"audit\((\d{1,14})\.(\d{3}):(\d{1,10})\): ?")
_ID = re.compile(r"(\d{1,14})\.(\d{3}):(\d{1,10})", re.ASCII)
_STAMP = re.compile(r"(\d{1,14})\.(\d{3})", re.ASCII)
_JSON = msgspec.json.Decoder(dict[str, Any])


class Found(NamedTuple):
    """A record as it was found; `text` is all after the head."""

    stamp_ms: int
    serial: int
    type: int
    text: bytes


class Line(NamedTuple):
    """The records of a line, and the host that it names."""

    records: list[Found]
    node: bytes | None = None


def log_line(line: bytes) -> Line | None:
    """A line of audit.log, with what syslog puts before it or without."""
    prefix = None if line.startswith(_BEGINNINGS) else _PREFIX.match(line)
    head = _LINE.match(line, prefix.end() if prefix else 0)
    if head is None or not is_serial(serial := int(head["serial"])):
        return None
    record_type = record_type_of(head["type"])
    if record_type in DAEMON_TYPES:
        return Line([])
    stamp_ms = int(head["s"]) * 1000 + int(head["ms"])
    text = line[head.end() :]
    if prefix and (escaped := _ESCAPED.match(text)):
        text = escaped[1] + ENRICHMENT + text[escaped.end() :]
    return Line([Found(stamp_ms, serial, record_type, text)], head["node"])


def datagram(record_type: int, content: bytes) -> Found | None:
    """A record as the kernel sends it."""
    head = _HEAD.match(content)
    if head is None or not is_serial(serial := int(head[3])):
        return None
    stamp_ms = int(head[1]) * 1000 + int(head[2])
    return Found(stamp_ms, serial, record_type, content[head.end() :])


def go_audit_line(line: bytes) -> Line | None:
    """A line of go-audit: an event with the texts of its records."""
    event = json_object(line)
    if event is None or not isinstance(event.get("messages"), list):
        return None
    stamp, serial = _STAMP.fullmatch(str(event.get("timestamp"))), event.get("sequence")
    if stamp is None or not isinstance(serial, int) or not is_serial(serial):
        return None
    stamp_ms = int(stamp[1]) * 1000 + int(stamp[2])
    records = []
    for message in event["messages"]:
        match message:
            case {"type": int(record_type), "data": str(text)}:
                records.append(Found(stamp_ms, serial, record_type, _encoded(text)))
            case _:
                return None
    return Line(records)


def laurel_line(line: bytes) -> Line | None:
    """A line of Laurel: an event with the fields of its records."""
    event = json_object(line)
    if event is None or not isinstance(event.get("ID"), str):
        return None
    name = _ID.fullmatch(event["ID"])
    if name is None or not is_serial(serial := int(name[3])):
        return None
    stamp_ms = int(name[1]) * 1000 + int(name[2])
    try:
        texts = [(kind, text.partition(b"): ")[2]) for kind, text in event_records(event)]
    except (TypeError, ValueError, AttributeError, RecursionError):
        return None
    node = event.get("NODE")
    return Line(
        [Found(stamp_ms, serial, *each) for each in texts],
        _encoded(node) if isinstance(node, str) else None,
    )


def is_serial(number: int) -> bool:
    """Whether the kernel can count so far."""
    return 0 <= number < 1 << 32


def json_object(line: bytes) -> dict[str, Any] | None:
    """A line that is a JSON object. Bytes that are no UTF-8, and halves of surrogate pairs, which
    programs write for them, come out as other characters.
    """
    try:
        return _JSON.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if line.isascii() and b"\\ud" not in line.lower():
            return None
    try:
        found = json.loads(line.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def joined(records: Iterable[Found]) -> Iterator[Found]:
    """The same with the parts of a long command line, which are records of their own, as one.

    They are given when another record of their event comes, or when too many events wait.
    """
    held: dict[tuple[int, int], list[Found]] = {}
    held_bytes = 0
    for record in records:
        key = record[:2]
        if record.type == EXECVE:
            held.setdefault(key, []).append(record)
            held_bytes += len(record.text)
            if len(held) > MOST_HELD or held_bytes > MOST_HELD_BYTES:
                yield from map(_as_one, held.values())
                held.clear()
                held_bytes = 0
            continue
        if key in held:
            whole = _as_one(held.pop(key))
            held_bytes -= len(whole.text)
            yield whole
        yield record
    yield from map(_as_one, held.values())


def _as_one(parts: list[Found]) -> Found:
    return parts[0]._replace(text=b" ".join(part.text.partition(ENRICHMENT)[0] for part in parts))
