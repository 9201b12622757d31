"""Laurel's JSON lines, one per event, back to the records they were made from.

The parts that decide whether an event is complete come back exactly: the fields of SYSCALL in the
kernel's order, one record per PATH, arguments by their number. Records of one type that Laurel
joins (EXECVE) come back as one. A chunk missing at the end of a split argument does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from harness.consumers.foreign.audit_log import (
    DAEMON_TYPES,
    UNKNOWN_TYPE,
    record_type_of,
    records_of,
)
from harness.consumers.foreign.reassemble import Record

Body = dict[str, Any]

_UNTRUSTED = frozenset(
    "comm exe cwd name proctitle key ocomm path data device acct cmd".split()  # noqa: SIM905
)
"""Fields that the kernel writes quoted, or in hex where a quoted text would not be safe."""
_ALWAYS_HEX = frozenset({"saddr"})
_PLAIN = re.compile(rb"[!#-~]*")
_ADDED = frozenset({"ID", "NODE", "PARENT_INFO", "CONTAINER_INFO"})
"""Members of an event that are Laurel's own."""
_ARGUMENTS = "ARGV"
_JOINED = "ARGV_STR"
"""The arguments as one text with spaces between, where `execve-argv` does not have `array`."""
JOINED_KEY = b"argv"
"""The name under which that text comes back; the kernel has no such field."""


def log_records(path: Path) -> Iterator[Record]:
    """The records of all events of a log, in its order; none if there is no log."""
    return records_of(path, line_records)


def line_records(lines: Iterable[bytes]) -> Iterator[Record]:
    """The records of these lines; a line that is not an event was not written completely."""
    for line in lines:
        try:
            event = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(event, dict) and isinstance(event.get("ID"), str):
            yield from event_records(event)


def event_records(event: dict[str, Any]) -> Iterator[Record]:
    """The records of one event."""
    head = b"audit(%s): " % event["ID"].encode()
    for name, content in event.items():
        record_type = record_type_of(name.encode())
        if name in _ADDED or record_type == UNKNOWN_TYPE or record_type in DAEMON_TYPES:
            continue
        for body in content if isinstance(content, list) else [content]:
            if isinstance(body, dict):
                yield record_type, head + _TEXTS.get(name, _plain_text)(body)


def _syscall_text(body: Body) -> bytes:
    """The text of SYSCALL, with the four arguments before `items` as in the kernel's record."""
    fields: list[bytes] = []
    for key, value in body.items():
        if key == "items":
            arguments = body.get(_ARGUMENTS) or []
            fields += (_field(f"a{index}", argument) for index, argument in enumerate(arguments))
        if _is_of_the_kernel(key, value):
            fields.append(_field(key, value))
    return b" ".join(fields)


def _execve_text(body: Body) -> bytes:
    fields = [_field("argc", body.get("argc"))] if "argc" in body else []
    if _ARGUMENTS not in body and isinstance(body.get(_JOINED), str):
        return b" ".join([*fields, b"%s=%s" % (JOINED_KEY, _quoted(_bytes(body[_JOINED])))])
    for index, argument in enumerate(body.get(_ARGUMENTS) or []):
        if argument is not None:  # in a record that did not come
            fields.append(b"a%d=%s" % (index, _quoted(_bytes(argument))))
    return b" ".join(fields)


def _title_text(body: Body) -> bytes:
    if _ARGUMENTS not in body:
        return _plain_text(body)
    return b"proctitle=" + _quoted(b"\0".join(_bytes(word) for word in body[_ARGUMENTS]))


def _plain_text(body: Body) -> bytes:
    return b" ".join(_field(key, value) for key, value in body.items() if _is_plain(key))


_TEXTS = {"SYSCALL": _syscall_text, "EXECVE": _execve_text, "PROCTITLE": _title_text}


def _is_of_the_kernel(key: str, value: object) -> bool:
    """Whether the kernel wrote it; Laurel adds lists, joined records, translations in capitals."""
    return _is_plain(key) and not isinstance(value, list | dict)


def _is_plain(key: str) -> bool:
    return not key.isupper()


def _field(key: str, value: object) -> bytes:
    return b"%s=%s" % (key.encode(), _value(key, value))


def _value(key: str, value: object) -> bytes:
    if value is None:
        return b"(null)"
    if isinstance(value, dict):
        pairs = b" ".join(_field(name, part) for name, part in value.items())
        return b"'%s'" % pairs
    content = _bytes(value)
    if key in _ALWAYS_HEX:
        return content.hex().upper().encode()
    if key in _UNTRUSTED:
        return _quoted(content)
    if key == "msg":
        return b"'%s'" % content
    # The kernel writes hexadecimal numbers bare.
    return content.removeprefix(b"0x") if _PLAIN.fullmatch(content) else _quoted(content)


def _bytes(value: object) -> bytes:
    """The bytes of a JSON value; Laurel writes bytes that are not text as %XX."""
    return unquote_to_bytes(value) if isinstance(value, str) else str(value).encode()


def _quoted(content: bytes) -> bytes:
    if _PLAIN.fullmatch(content):
        return b'"%s"' % content
    return content.hex().upper().encode()
