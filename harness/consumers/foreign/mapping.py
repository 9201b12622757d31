"""JSON lines of any program: where in a line the serial, the time and the record types stand.

A mapping is written `KEY=PATH,KEY=PATH`. A path is the names of members from the outside in, with
dots between them. docs/own-consumer.md explains the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from consumer.text.names import type_name, type_number
from harness.consumers.foreign.audit_log import DAEMON_TYPES, UNKNOWN_TYPE
from harness.consumers.foreign.given_lines import Found, Line, is_serial, json_object
from harness.errors import UsageError, did_you_mean, near_names

EXAMPLE = "write it like serial=sequence,time=timestamp,type=type,text=data"
OF_LINE = ("id", "serial", "time", "records")
OF_RECORD = ("type", "text")
OF_SYSCALL = ("arch", "syscall", "success", "exit", "a1", "a2", "a3", "items", "ppid", "pid", "ses")
"""Fields that completeness and attribution need, in the kernel's order."""
SYSCALL = 1300
MOST_TEXT_BYTES = 64 << 10
"""The kernel's records have at most 8,970 bytes; a program may have joined several."""
MOST_TYPE = 0xFFFF
MOST_RECORDS = 4096
"""Of one line."""
_PATH = re.compile(r"[^=,\s]{1,200}")
_ID = re.compile(r"(?:audit\()?(\d{1,14})\.(\d{3}):(\d{1,10})\)?:?", re.ASCII)
_NUMBER = re.compile(r"(\d{1,20})(?:\.(\d{1,9}))?", re.ASCII)
_HEAD = re.compile(rb"(?:type=(\S{1,40}) )?(?:msg=)?audit\(\d{1,14}\.\d{3}:\d{1,10}\): ?")
_VALUE = re.compile(r"[!-~]{1,200}")
_PER_SECOND = ((10**11, 1000, 1), (10**14, 1, 1), (10**17, 1, 1000), (10**20, 1, 10**6))
"""Below which a number counts seconds, ms, µs, ns: no clock of Linux is at 10^11 s."""


@dataclass(frozen=True, slots=True)
class LineMapping:
    """The paths by key. `text` is a record as the kernel wrote it, with or without its head."""

    paths: Mapping[str, str]

    @property
    def has_text(self) -> bool:
        """Whether the lines hold what the kernel wrote, so that it can be compared."""
        return "text" in self.paths

    def written(self) -> str:
        """The mapping as an option takes it."""
        return ",".join(f"{key}={path}" for key, path in self.paths.items())

    def line(self, line: bytes) -> Line | None:
        """The records of a line; None for one that is no event."""
        event = json_object(line)
        name = None if event is None else self._name(event)
        if event is None or name is None:
            return None
        records = list(self._records(event, *name))
        return Line(records) if records or self._of_daemon(event) else None

    def _name(self, event: dict[str, Any]) -> tuple[int, int] | None:
        """The time in ms and the serial."""
        if "id" in self.paths:
            found = _ID.fullmatch(str(_at(event, self.paths["id"])))
            if found is None or not is_serial(serial := int(found[3])):
                return None
            return int(found[1]) * 1000 + int(found[2]), serial
        number = _whole(_at(event, self.paths["serial"]))
        stamp_ms = _stamp_ms(_at(event, self.paths["time"]))
        if number is None or stamp_ms is None or not is_serial(number):
            return None
        return stamp_ms, number

    def _parts(self, event: dict[str, Any]) -> list[Any]:
        if "records" not in self.paths:
            return [event]
        parts = _at(event, self.paths["records"])
        return parts[:MOST_RECORDS] if isinstance(parts, list) else []

    def _records(self, event: dict[str, Any], stamp_ms: int, serial: int) -> Iterator[Found]:
        for part in self._parts(event):
            for kind, text in self._pairs(part):
                number = _type(kind)
                if number is not None and number not in DAEMON_TYPES:
                    content = self._text(event, part, number, text)
                    yield Found(stamp_ms, serial, number, content)

    def _pairs(self, part: Any) -> Iterator[tuple[Any, bytes | None]]:
        """The types in a part of a line, each with its text, None where there is none."""
        kinds, texts = (_at(part, self.paths.get(key, "")) for key in OF_RECORD)
        if isinstance(kinds, list):
            given = texts if isinstance(texts, list) else [texts]
            for place, kind in enumerate(kinds[:MOST_RECORDS]):
                yield kind, _bytes(given[place]) if place < len(given) else None
        elif isinstance(texts, list) and _bytes(texts) is None:
            # The type stands in the head of each, and beside them only that of the event.
            for text in map(_bytes, texts[:MOST_RECORDS]):
                head = _HEAD.match(text) if text is not None else None
                yield head[1].decode("ascii", "replace") if head and head[1] else kinds, text
        else:
            yield kinds, _bytes(texts)

    def _of_daemon(self, event: dict[str, Any]) -> bool:
        kinds = [_at(part, self.paths["type"]) for part in self._parts(event)]
        return any(_type(kind) in DAEMON_TYPES for kind in kinds)

    def _text(self, event: dict[str, Any], part: Any, kind: int, text: bytes | None) -> bytes:
        if text is not None:
            head = _HEAD.match(text)
            # journald writes the name of the type before the text.
            content = text[head.end() :] if head else text.removeprefix(_name_before(kind))
            return content[:MOST_TEXT_BYTES]
        fields = []
        if kind != SYSCALL:
            return b""
        for name in OF_SYSCALL:
            path = self.paths.get(name, "")
            value = _at(part, path)
            word = _field(_at(event, path) if value is None else value)
            if word:
                fields.append(f"{name}={word}")
        return " ".join(fields).encode()


def read_mapping(option: str, text: str) -> LineMapping:
    """`KEY=PATH,…` as a mapping; UsageError for what is none."""
    paths: dict[str, str] = {}
    for word in text.split(","):
        key, equals, path = word.strip().partition("=")
        if not equals or not _PATH.fullmatch(path):
            raise UsageError(f"{option}: {word!r} is not KEY=PATH", remedy=EXAMPLE)
        if key in paths:
            raise UsageError(f"{option} has {key!r} twice", remedy="give it once")
        paths[key] = path
    return check_mapping(option, paths)


def check_mapping(option: str, paths: Mapping[str, str]) -> LineMapping:
    """The mapping of these paths; UsageError for an unknown key, or where one is missing."""
    known = (*OF_LINE, *OF_RECORD, *OF_SYSCALL)
    for key, path in paths.items():
        if key not in known:
            near = near_names(key, known)
            meant = did_you_mean(near) if near else f"one of {', '.join(known)}"
            raise UsageError(f"{option} knows no {key!r}", remedy=meant)
        if not _PATH.fullmatch(path):
            raise UsageError(f"{option}: {path!r} is no path of names", remedy=EXAMPLE)
    named = "id" in paths or {"serial", "time"} <= paths.keys()
    if not named or "type" not in paths:
        lacking = "type" if named else "id, or both serial and time"
        raise UsageError(f"{option} does not say where the {lacking} stands", remedy=EXAMPLE)
    return LineMapping(dict(paths))


def _at(value: Any, path: str) -> Any:
    """What stands at a path; None where nothing does. A name may itself have dots in it."""
    if not path or not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return _at(value.get(head), rest) if dot else None


def _bytes(value: Any) -> bytes | None:
    """A text's bytes; journald writes one that is no UTF-8 as a list of numbers."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if not isinstance(value, list) or not value:
        return None
    try:
        return bytes(value[:MOST_TEXT_BYTES])
    except (TypeError, ValueError):
        return None


@cache
def _name_before(kind: int) -> bytes:
    return type_name(kind).encode() + b" "


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _type(value: Any) -> int | None:
    """A record type by number or name; that of an unknown name is UNKNOWN_TYPE."""
    number = _whole(value)
    if number is None and isinstance(value, str) and 0 < len(value) <= 40:
        name = value.upper()
        known = type_number(name)
        daemon = DAEMON_TYPES.start if name.startswith("DAEMON_") else UNKNOWN_TYPE
        number = daemon if known is None else known
    return number if number is not None and 0 < number <= MOST_TYPE else None


def _stamp_ms(value: Any) -> int | None:
    """A time as seconds, ms, µs or ns since 1970, or as ISO 8601, in ms."""
    if isinstance(value, str):
        found = _NUMBER.fullmatch(value)
        if found is None:
            return _iso_ms(value)
        whole, part = int(found[1]), found[2] or ""
        return _scaled(whole, int(part.ljust(3, "0")[:3]))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _scaled(value)


def _scaled(number: float, thousandths: int = 0) -> int | None:
    """A number of whatever unit it must be of, and thousandths of that, in whole ms."""
    for below, times, over in _PER_SECOND:
        if not 0 <= number < below:
            continue
        if isinstance(number, int):
            return (number * 1000 + thousandths) * times // (1000 * over)
        # The nearest double of a time in ms is off by less than a µs.
        return int(number * times / over + 1e-3)
    return None


def _iso_ms(text: str) -> int | None:
    try:
        found = datetime.fromisoformat(text[:40])
        since = found if found.tzinfo else found.replace(tzinfo=UTC)
        stamp = since.timestamp()
    except (ValueError, OverflowError):
        return None
    return int(stamp * 1000 + 1e-3) if stamp >= 0 else None


def _field(value: Any) -> str:
    """A value as the kernel would write it; empty for one that no field of a record has."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | str) and _VALUE.fullmatch(text := str(value)):
        return text
    return ""
