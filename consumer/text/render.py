"""Events as JSON documents, decoded, for people and programs that follow them live.

Grouping here is plain Python and allocates; the assembler, which receives the same records, does
the counting and completeness. An event is shown when its EOE comes, when its type is always alone,
when WAITING_MAX newer events have begun, or when it is the oldest and all take WAITING_BYTES.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from consumer.event import kinds
from consumer.host import native_arch
from consumer.receiving.parse import fields_of
from consumer.text import values
from consumer.text.addresses import socket_address
from consumer.text.archs import arch_name, signal_name, syscall_name
from consumer.text.messages import Pairs, merged, message, verdict
from consumer.text.names import type_name

WAITING_MAX = 4096
WAITING_BYTES = 1 << 25
_HEAD_BYTES = 48  # 'audit(', 14 digits, 3, 10, and the characters between
_RECORD_BYTES = 128  # the size of a record without its text
_SYSCALL, _SOCKADDR, _EXECVE, _EOE, _PROCTITLE = 1300, 1306, 1309, 1320, 1327
_CONFIG_CHANGE, _SECCOMP, _AVC, _ANOM_ABEND = 1305, 1326, 1400, 1701
_NAMED = frozenset((_SYSCALL, _SECCOMP, _ANOM_ABEND))
# Smack writes this word after the object if no access was requested.
_LABELS_DIFFER = b" labels_differ"


class Follower:
    """Takes records and returns documents of the events that have ended."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[int, int], list[tuple[int, bytes]]] = {}
        self._bytes = 0

    def take(self, record_type: int, text: bytes) -> Iterator[dict[str, Any]]:
        """Take one record's text; return the events that ended with it."""
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
        """The remaining events, although they have not ended."""
        while self._waiting:
            yield self._ended(next(iter(self._waiting)))

    def _ended(self, identity: tuple[int, int]) -> dict[str, Any]:
        records = self._waiting.pop(identity)
        self._bytes -= sum(len(text) + _RECORD_BYTES for _, text in records)
        return render(*identity, records)


def _pairs(record_type: int, text: bytes) -> Pairs:
    found = fields_of(record_type, text)
    return found[2] if found is not None else []


def render(stamp_ms: int, serial: int, records: Iterable[tuple[int, bytes]]) -> dict[str, Any]:
    """One event as a document: `time` in seconds, `ended` if its EOE came, `records` in order.

    All EXECVE records make one, with `argv`; a missing or incomplete argument is null.
    """
    records = list(records)
    commands = [_pairs(_EXECVE, text) for record_type, text in records if record_type == _EXECVE]
    shown: list[dict[str, Any]] = []
    for record_type, text in records:
        if record_type == _EOE:
            continue
        name = type_name(record_type)
        if record_type != _EXECVE:
            shown.append({"type": name, **_fields(record_type, text)})
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


def _fields(record_type: int, text: bytes) -> dict[str, Any]:
    """The fields of a record; one that occurs several times has a list of its values."""
    pairs = _pairs(record_type, text)
    fields: dict[str, Any] = {}
    if record_type == _AVC:
        fields |= verdict(text.partition(b"): ")[2])[0]
        if any(value.endswith(_LABELS_DIFFER) for key, value in pairs if key == b"object"):
            pairs = [(key, value.removesuffix(_LABELS_DIFFER)) for key, value in pairs]
            fields["labels_differ"] = True
    equivalent = (b"op", b"make_equiv") in pairs and record_type == _CONFIG_CHANGE
    fields |= merged(
        (key, values.chosen(key, value))
        if equivalent and key in {b"old", b"new"}
        else (key, _value(record_type, key, value))
        for key, value in pairs
    )
    if record_type in _NAMED:
        fields |= _names(fields)
    if record_type == _SOCKADDR and isinstance(fields.get("saddr"), dict):
        fields |= fields["saddr"]
    return fields


def _value(record_type: int, key: bytes, value: bytes) -> values.Value:
    if record_type == _SOCKADDR and key == b"saddr":
        return socket_address(value)
    if record_type == _PROCTITLE and key == b"proctitle":
        return values.title(value)
    if key == b"msg" and value[:1] == b"'" and kinds.kind_of(record_type) == kinds.USER:
        return message(value, record_type)
    return values.plain(key, value, record_type)


def _names(fields: dict[str, Any]) -> dict[str, str]:
    """Names for the numbers of `arch`, `syscall` and `sig`, if they are known."""
    try:
        arch = int(str(fields["arch"]), 16) if "arch" in fields else native_arch()
    except ValueError:
        return {}
    found = {"arch_name": arch_name(arch) if "arch" in fields else None}
    number, signal = fields.get("syscall"), fields.get("sig")
    if isinstance(number, int):
        found["syscall_name"] = syscall_name(arch, number)
    if isinstance(signal, int):
        found["sig_name"] = signal_name(arch, signal)
    return {key: name for key, name in found.items() if name is not None}


def _command(commands: list[Pairs]) -> dict[str, Any]:
    """`argc` and `argv` from the EXECVE records of an event, in whatever order they came."""
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
