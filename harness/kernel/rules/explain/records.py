"""The lines of audit.log, raw or enriched, as events that rules can be held against."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from consumer.event import kinds
from consumer.log.causes import cause_of
from consumer.receiving.parse import fields_of
from consumer.text.names import type_name, type_number
from consumer.text.values import untrusted_bytes
from harness.counted import counted
from harness.errors import UsageError
from harness.kernel.rules.explain.record_paths import number_of, touched_by
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.fields import UNSET, FilterList
from harness.kernel.rules.matching.field_match import Call

MOST_EVENTS = 10_000
SYSCALL, PATH, SOCKADDR, CWD, URINGOP, OPENAT2 = 1300, 1302, 1306, 1307, 1336, 1337
_LINE = re.compile(rb"(?:node=(\S{1,255}) )?type=(\S{1,64}) (?:msg=)?(audit\(.*)", re.DOTALL)
_OLD_STAMP = re.compile(rb"audit\(\d{1,12}\.\d{3}:\d{1,20}\)(?= )")
"""Without its colon, as auditd before 2.5 wrote of itself."""
_MOST_BYTES = 16_384
"""What the decoder reads of a record; the kernel's have at most 8,970 bytes."""
_ENRICHED = b"\x1d"
"""What stands before the names that auditd adds to a record."""
_UNKNOWN = re.compile(r"UNKNOWN\[(\d{1,9})\]")
_DECIMAL = (
    *("pid", "ppid", "auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"),
    *("ses", "exit", "syscall", "uring_op", "items"),
)
_HEXADECIMAL = ("arch", "a0", "a1", "a2", "a3", "per")
_NO_CALL = 1 << 31
"""No number of a call is as large."""
_RENAMED = {"ses": "sessionid", "per": "pers"}
Fields = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    `key` is that of its system call, several with 0x01 between them, None without one; `seen` the
    system call, None for an event without it. `cause` says what else the kernel or a program wrote
    the event for, empty if nothing is known; `is_explained` whether that is the whole answer.
    """

    name: str
    types: tuple[int, ...]
    key: bytes | None = None
    seen: Seen | None = None
    cause: str = ""
    is_explained: bool = False


@dataclass(slots=True)
class _Records:
    types: list[int] = field(default_factory=list)
    fields: list[tuple[int, Fields]] = field(default_factory=list)

    def of(self, record_type: int) -> Iterable[Fields]:
        return (fields for kind, fields in self.fields if kind == record_type)


@dataclass(frozen=True, slots=True)
class Log:
    """The events of some lines, in the order in which they begin, and how many lines are none."""

    events: tuple[Event, ...]
    damaged: int = 0


def read_events(content: bytes, source: str, *, elsewhere: bool) -> Log:
    """The events in lines of audit.log. `elsewhere` says that they are another host's.

    Raises `UsageError` where no line is a record, or for more events than are explained at once.
    """
    found: dict[tuple[bytes, int, int], _Records] = {}
    damaged: list[bytes] = []
    for line in content.split(b"\n"):
        if not line.strip() or line == b"----":
            continue
        record = _record(line)
        if record is None:
            damaged.append(line)
            continue
        identity, record_type, fields = record
        records = found.setdefault(identity, _Records())
        records.types.append(record_type)
        records.fields.append((record_type, fields))
    if not found:
        raise _nothing(damaged, source)
    if len(found) > MOST_EVENTS:
        raise UsageError(
            f"{source} has {counted(len(found), 'event')}, more than {MOST_EVENTS:,}",
            remedy="choose some with `ausearch --raw`; `auditbench top --rules` counts them all",
        )
    events = [_event(identity, records, elsewhere) for identity, records in found.items()]
    return Log(tuple(events), len(damaged))


def _nothing(damaged: list[bytes], source: str) -> UsageError:
    if not damaged:
        return UsageError(f"no event in {source}", remedy="give the lines of one, as in audit.log")
    if len(damaged[0]) > _MOST_BYTES:
        return UsageError(
            f"no line of {source} is an audit record (one has {counted(len(damaged[0]), 'byte')}, "
            "and the kernel writes at most 8,970)",
            remedy="give the lines as auditd wrote them",
        )
    cause = cause_of(damaged[0][:4096])
    return UsageError(f"no line of {source} is an audit record ({cause.what})", remedy=cause.remedy)


def _record(line: bytes) -> tuple[tuple[bytes, int, int], int, Fields] | None:
    match = _LINE.match(line.partition(_ENRICHED)[0].rstrip(b"\r"))
    if match is None:
        return None
    name = match[2].decode("ascii", "replace")
    unnamed = _UNKNOWN.fullmatch(name)
    record_type = int(unnamed[1]) if unnamed else type_number(name)
    if record_type is None or record_type >= 1 << 31:
        return None
    text = match[3]
    if old := _OLD_STAMP.match(text):
        text = b"%b:%b" % (old[0], text[old.end() :])
    # Of a longer one the end would be missing, and its key with it.
    found = fields_of(record_type, text) if len(text) <= _MOST_BYTES else None
    if found is None:
        return None
    stamp_ms, serial, pairs = found
    # The first of a name is the kernel's; what a program's message holds comes later.
    fields = dict(reversed(pairs))
    return (match[1] or b"", stamp_ms, serial), record_type, fields


def _event(identity: tuple[bytes, int, int], records: _Records, elsewhere: bool) -> Event:
    _, stamp_ms, serial = identity
    name = f"{stamp_ms // 1000}.{stamp_ms % 1000:03d}:{serial}"
    types = tuple(dict.fromkeys(records.types))
    alone = [kind for kind in types if _stands_alone(kind)]
    call = next(iter([*records.of(SYSCALL), *records.of(URINGOP)]), None)
    if call is None:
        return _without_call(name, types, alone)
    is_call = SYSCALL in types
    cause = f"the kernel wrote it for its {type_name(alone[0])} record" if alone else ""
    key = untrusted_bytes(call[b"key"]) if b"key" in call else None
    seen = _seen(call, records, elsewhere, is_call=is_call)
    return Event(name, types, key or None, seen, cause)


def _stands_alone(record_type: int) -> bool:
    """Whether records of this type need no rule: an AVC, a changed setting, a program's message."""
    return kinds.kind_of(record_type) in (kinds.ALONE, kinds.LOGIN, kinds.USER)


def _without_call(name: str, types: tuple[int, ...], alone: list[int]) -> Event:
    if not alone:
        cause = "it has no SYSCALL record, and with it go key and conditions"
        return Event(name, types, cause=cause)
    shown = type_name(alone[0])
    by_program = kinds.kind_of(alone[0]) == kinds.USER
    cause = (
        f"a program sent it ({shown})" if by_program else f"the kernel wrote it by itself ({shown})"
    )
    return Event(name, types, cause=cause, is_explained=True)


def _seen(call: Fields, records: _Records, elsewhere: bool, *, is_call: bool) -> Seen:
    numbers = {name: number_of(call.get(name.encode()), 10) for name in _DECIMAL}
    numbers |= {name: number_of(call.get(name.encode()), 16) for name in _HEXADECIMAL}
    if is_call and b"per" not in call:
        numbers["per"] = 0
    known = {
        _RENAMED.get(name, name): value for name, value in numbers.items() if value is not None
    }
    success = call.get(b"success")
    if success in (b"yes", b"no"):
        known["success"] = int(success == b"yes")
    for address in records.of(SOCKADDR):
        family = untrusted_bytes(address.get(b"saddr", b""))
        if family and len(family) >= 2:
            known["saddr_fam"] = int.from_bytes(family[:2], "little")
    exe = untrusted_bytes(call.get(b"exe", b"?"))
    arch = known.pop("arch", 0)
    number = known.pop("syscall" if is_call else "uring_op", None)
    if number is not None and number >= _NO_CALL:
        number = None
    items = known.pop("items", None)
    as_call = Call(
        arch & UNSET, number, exe.decode("utf-8", "surrogateescape") if exe else None, known
    )
    cwd = next((untrusted_bytes(fields.get(b"cwd", b"?")) for fields in records.of(CWD)), None)
    names = touched_by(as_call, list(records.of(PATH)), cwd)
    flags = next((number_of(fields.get(b"oflag"), 8) for fields in records.of(OPENAT2)), None)
    return Seen(
        as_call,
        names,
        complete=items is not None and len(names) >= items,
        returned=b"exit" in call,
        elsewhere=elsewhere,
        where=FilterList.EXIT if is_call else FilterList.IO_URING,
        open_flags=flags,
    )
