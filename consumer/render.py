"""Events as JSON documents, decoded, for people and programs that follow them live.

Grouping here is plain Python and allocates; counting and completeness are the assembler's work,
which sees the same records. An event is shown when its EOE comes, when its type stands alone, when
WAITING_MAX newer events have begun, or when it is the oldest and all wait with WAITING_BYTES.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from consumer import kinds, values
from consumer.host import ARCH_NUMBERS
from consumer.names import type_name
from consumer.parse import fields_of
from consumer.syscalls import syscall_names

Pairs = list[tuple[bytes, bytes]]

WAITING_MAX = 4096
WAITING_BYTES = 1 << 25
_HEAD_BYTES = 48  # 'audit(', 14 digits, 3, 10, and what is between
_RECORD_BYTES = 128  # what a record takes beside its text
_SYSCALL, _SOCKADDR, _EXECVE, _EOE, _PROCTITLE = 1300, 1306, 1309, 1320, 1327
_ARCH_NAMES = {number: name for name, number in ARCH_NUMBERS.items()}


class Follower:
    """Takes records and gives documents of the events that have ended."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], list[tuple[int, bytes]]] = {}
        self._bytes = 0

    def take(self, record_type: int, text: bytes) -> Iterator[dict[str, Any]]:
        """Take one record's text; events that have ended with it come out."""
        head = fields_of(record_type, text[:_HEAD_BYTES])
        if head is None:
            return
        identity = head[:2]
        self._waiting.setdefault(identity, []).append((record_type, text))
        self._bytes += len(text) + _RECORD_BYTES
        if record_type == _EOE or kinds.kind_of(record_type) == kinds.USER:
            yield self._ended(identity)
        while len(self._waiting) > WAITING_MAX or self._bytes > WAITING_BYTES:
            yield self._ended(next(iter(self._waiting)))

    def finish(self) -> Iterator[dict[str, Any]]:
        """What is left, though it has not ended."""
        while self._waiting:
            yield self._ended(next(iter(self._waiting)))

    def _ended(self, identity: tuple[int, int]) -> dict[str, Any]:
        records = self._waiting.pop(identity)
        self._bytes -= sum(len(text) + _RECORD_BYTES for _, text in records)
        return render(*identity, [(number, _pairs(number, text)) for number, text in records])


def _pairs(record_type: int, text: bytes) -> Pairs:
    found = fields_of(record_type, text)
    return found[2] if found is not None else []


def render(stamp_ms: int, serial: int, records: Iterable[tuple[int, Pairs]]) -> dict[str, Any]:
    """One event as a document: `time` in seconds, `ended` if its EOE came, `records` in order.

    All EXECVE records make one, with `argv`; an argument that did not come, or not whole, is null.
    """
    records = list(records)
    commands = [pairs for record_type, pairs in records if record_type == _EXECVE]
    shown: list[dict[str, Any]] = []
    for record_type, pairs in records:
        if record_type == _EOE:
            continue
        name = type_name(record_type)
        if record_type != _EXECVE:
            shown.append({"type": name, **_fields(record_type, pairs)})
        elif commands:
            shown.append({"type": name, **_command(commands)})
            commands = []
    return {
        "event": "audit",
        "time": f"{stamp_ms // 1000}.{stamp_ms % 1000:03d}",
        "serial": serial,
        "ended": any(record_type == _EOE for record_type, _ in records)
        or all(kinds.kind_of(record_type) == kinds.USER for record_type, _ in records),
        "records": shown,
    }


def _fields(record_type: int, pairs: Pairs) -> dict[str, Any]:
    """The fields of a record; one that occurs several times has a list of its values."""
    fields: dict[str, Any] = {}
    repeated: set[str] = set()
    for key, value in pairs:
        name = values.text(key)
        decoded = _value(record_type, key, value)
        if name not in fields:
            fields[name] = decoded
        elif name in repeated:
            fields[name].append(decoded)
        else:
            repeated.add(name)
            fields[name] = [fields[name], decoded]
    if record_type == _SYSCALL:
        fields |= _syscall_names(fields)
    if record_type == _SOCKADDR and isinstance(fields.get("saddr"), dict):
        fields |= fields["saddr"]
    return fields


def _value(record_type: int, key: bytes, value: bytes) -> values.Value:
    if record_type == _SOCKADDR and key == b"saddr":
        return values.socket_address(value)
    if record_type == _PROCTITLE and key == b"proctitle":
        return values.title(value)
    if key == b"msg" and kinds.kind_of(record_type) == kinds.USER:
        return values.message(value)
    return values.plain(key, value)


def _syscall_names(fields: dict[str, Any]) -> dict[str, str]:
    """Names beside the numbers of `arch` and `syscall`, where they are known."""
    try:
        arch = int(str(fields.get("arch")), 16)
    except ValueError:
        return {}
    names = {}
    if arch in _ARCH_NAMES:
        names["arch_name"] = _ARCH_NAMES[arch]
    number = fields.get("syscall")
    if isinstance(number, int) and number in syscall_names(arch):
        names["syscall_name"] = syscall_names(arch)[number]
    return names


def _command(commands: list[Pairs]) -> dict[str, Any]:
    """`argc` and `argv` out of the EXECVE records of an event, in whatever order they came."""
    pairs = dict(pair for record in commands for pair in record)
    argc = pairs.get(b"argc", b"")
    count = int(argc) if argc.isdigit() else None
    known = {int(key[1:]) for key in pairs if key[1:].isdigit() and key[:1] == b"a"}
    split = {int(key[1:-4]) for key in pairs if key.endswith(b"_len") and key[1:-4].isdigit()}
    length = count if count is not None else max(known | split, default=-1) + 1
    argv = [_argument(pairs, b"a%d" % index) for index in range(min(length, 1 << 20))]
    return {"argc": count, "argv": argv}


def _argument(pairs: dict[bytes, bytes], key: bytes) -> str | None:
    if key in pairs:
        content = values.untrusted_bytes(pairs[key])
        return None if content is None else values.text(content)
    announced = pairs.get(key + b"_len", b"")
    if not announced.isdigit():
        return None
    chunks: list[bytes] = []
    while (chunk := pairs.get(key + b"[%d]" % len(chunks))) is not None:
        chunks.append(chunk)
    encoded = sum(len(chunk) - 2 * (chunk[:1] == b'"') for chunk in chunks)
    if encoded != int(announced):
        return None
    return values.text(b"".join(values.untrusted_bytes(chunk) or b"" for chunk in chunks))
