"""Tables of the sums of a log: values decoded, rows in order. No file is opened here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from typing import Any

from consumer.log.fields import LogFields
from consumer.text import values
from consumer.text.archs import arch_name, syscall_name
from consumer.text.names import type_name

# In the order of the numbers in event.pxd.
KINDS = ("exe", "comm", "syscall", "key", "auid", "uid", "address", "type", "node")
# Of these no table is made: they serve `shapes`.
SUBJ = len(KINDS)
SHAPE = SUBJ + 1
PART = SUBJ + 2
PART_TYPES = (1307, 1327, 1317, 1321, 1323)
"""CWD, PROCTITLE, FD_PAIR, BPRM_FCAPS, MMAP: records that rules may leave out of an event."""
KEY_SEPARATOR = b"\x01"
UNSET = 0xFFFFFFFF
NOBODY = 0xFFFFFFFF
TOO_MANY = 0xFFFFFFFE

Row = dict[str, Any]

_CALL = struct.Struct("=Ii")
_USER = struct.Struct("=I")
_TYPE = struct.Struct("=i")
_SHAPE = struct.Struct("=IIIIIiI")
_PART = struct.Struct("=II")


def table(fields: LogFields, kind: str) -> dict[str, Any]:
    """The table of a kind: `rows` in descending order of count, and events in none of them.

    `left_out` are events whose value cannot be read, with `--aureport` those in which aureport
    cannot read a field it needs; `beyond_memory` events whose value came after 1,048,576 others;
    `number_zero` calls that aureport does not count, 0 where all are counted.
    """
    number = KINDS.index(kind)
    left_out, beyond = fields.apart(number)
    rows: dict[tuple[Any, ...], Row] = {}
    skipped = 0
    for value, *sums in fields.rows(number):
        if not sums[0]:
            continue
        if fields.as_aureport and kind == "syscall" and _CALL.unpack(value)[1] <= 0:
            skipped += sums[0]
            continue
        for row in _rows(kind, value, fields.as_aureport):
            kept = rows.setdefault(tuple(row.values()), row | dict(_NO_SUMS))
            for name, part in zip(_NO_SUMS, sums, strict=True):
                kept[name] += part
    ordered = sorted(rows.values(), key=lambda row: (-row["events"], row["value"]))
    document = {"by": kind, "rows": ordered, "left_out": left_out, "beyond_memory": beyond}
    return document | ({"number_zero": skipped} if kind == "syscall" else {})


_NO_SUMS = {"events": 0, "records": 0, "bytes": 0}


def _rows(kind: str, value: bytes, as_aureport: bool) -> Iterable[Row]:
    if kind == "key":
        # aureport counts an event once more for a key that it has twice.
        return _keys(value.split(KEY_SEPARATOR) if as_aureport else _unlike_keys(value))
    if kind == "syscall":
        return [_call(value)]
    if kind in ("auid", "uid"):
        (user,) = _USER.unpack(value)
        return [{"value": "unset" if user == UNSET else str(user), "number": user}]
    if kind == "address":
        return [{"value": address(value)}]
    if kind == "type":
        (record_type,) = _TYPE.unpack(value)
        return [{"value": type_name(record_type), "number": record_type}]
    return [{"value": values.text(value)}]


def _unlike_keys(value: bytes) -> Iterable[bytes]:
    return dict.fromkeys(value.split(KEY_SEPARATOR))


def _keys(keys: Iterable[bytes]) -> Iterable[Row]:
    """Each key of an event; in the sums several keys are one value."""
    for key in keys:
        if key != b"(null)":
            yield {"value": values.text(key)}


def _call(value: bytes) -> Row:
    arch, number = _CALL.unpack(value)
    return {
        "value": syscall_name(arch, number) or str(number),
        "arch": arch_name(arch) or f"{arch:#x}",
        "number": number,
    }


def address(value: bytes) -> str:
    """An address as text: binary ones begin with their version, names of programs with 0."""
    if value[:1] == b"\x04":
        return socket.inet_ntoa(value[1:])
    if value[:1] == b"\x06":
        host = socket.inet_ntop(socket.AF_INET6, value[1:17])
        scope = int.from_bytes(value[17:], "little")
        if not scope:
            return host
        return socket.getnameinfo((host, 0, 0, scope), socket.NI_NUMERICHOST)[0]
    return values.text(value[1:])


def shapes(fields: LogFields) -> list[Row]:
    """The system calls as rules may test them; `key` has 0x01 between several keys.

    `exit` is 0 for every success, else the negative errno, and None if the task died in the call.
    `subj` is the security context as the record has it. `parts` are records and bytes by type, of
    PART_TYPES.
    """
    raw = {kind: [row[0] for row in fields.rows(KINDS.index(kind))] for kind in KINDS[:6]}
    raw["subj"] = [row[0] for row in fields.rows(SUBJ)]
    parts: dict[int, dict[int, tuple[int, int]]] = {}
    for packed, _, records, size in fields.rows(PART):
        place, part = _PART.unpack(packed)
        parts.setdefault(place, {})[PART_TYPES[part]] = (records, size)

    def value_of(kind: str, number: int) -> bytes | None:
        return None if number in (NOBODY, TOO_MANY) else raw[kind][number]

    found = []
    for place, (packed, events, records, size) in enumerate(fields.rows(SHAPE)):
        call, key, exe, auid, uid, code, subj = _SHAPE.unpack(packed)
        if call == TOO_MANY:
            continue
        arch, number = _CALL.unpack(raw["syscall"][call])
        users = [value_of("auid", auid), value_of("uid", uid)]
        found.append(
            {
                "arch": arch,
                "number": number,
                "key": value_of("key", key),
                "exe": value_of("exe", exe),
                "auid": None if users[0] is None else _USER.unpack(users[0])[0],
                "uid": None if users[1] is None else _USER.unpack(users[1])[0],
                "exit": None if code == -(1 << 31) else code,
                "subj": value_of("subj", subj),
                "parts": parts.get(place, {}),
                "events": events,
                "records": records,
                "bytes": size,
            }
        )
    return found
