"""The pure-Python twin of an event: it keeps all records and answers every question from them."""

from __future__ import annotations

import re

from consumer.event import implied, kinds
from consumer.twin.decode import Record

_SYSCALL, _EOE, _PROCTITLE, _CWD, _SOCKADDR = 1300, 1320, 1327, 1307, 1306
_PATH, _EXECVE = 1302, 1309
_CONTEXT_TYPES = frozenset({1425, 1426})
_WITHIN = frozenset(kinds.ONCE_PER_EVENT) | {_PATH, _EXECVE, 1318, 1321, 1332, 1333}
_BY_SUCCESS = {
    implied.EXECVE: 1309,
    implied.FD_PAIR: 1317,
    implied.OPENAT2: 1337,
    implied.CAPSET: 1322,
    implied.SOCKETCALL: 1304,
    implied.MQ_OPEN: 1312,
    implied.MQ_SENDRECV: 1313,
}


# The kernel prints these fields as 32 bits; more digits wrap as they do in C.
_U32 = 1 << 32


def _decimal(value: bytes | None) -> int:
    digits = re.match(rb"[0-9]*", value or b"")
    return int(digits[0] or b"0") if digits else 0


def _hexadecimal(value: bytes | None) -> int:
    digits = re.match(rb"[0-9a-f]*", value or b"")
    return int(digits[0] or b"0", 16) if digits else 0


class Event:
    """The records of one time and serial."""

    def __init__(self, stamp_ms: int, serial: int, excluded: frozenset[int]) -> None:
        self.stamp_ms = stamp_ms
        self.serial = serial
        self.excluded = excluded
        self.records: list[Record] = []
        self.session: int | None = None
        self.in_tree = False
        self.span = 0
        self.final = False

    # read from the records

    def types(self) -> set[int]:
        """The types received so far."""
        return {record.type for record in self.records}

    def sees(self, kind: int) -> bool:
        """Whether a record of that kind was received."""
        return any(kinds.kind_of(number) == kind for number in self.types())

    def of_type(self, *types: int) -> list[Record]:
        """The records of these types, in order of arrival."""
        return [record for record in self.records if record.type in types]

    def length(self) -> int:
        """Bytes of text of all records."""
        return sum(record.length for record in self.records)

    def auxiliary(self) -> int:
        """The number of auxiliary records, up to 3."""
        found = [r for r in self.records if kinds.kind_of(r.type) == kinds.AUXILIARY]
        return min(3, len(found))

    def is_syscall(self) -> bool:
        """Whether the event is counted under its system call."""
        return _SYSCALL in self.types() and 1006 not in self.types()

    def heading(self) -> int | None:
        """The system call, or the record type, that the event is counted under."""
        if self.is_syscall():
            number = _decimal(self.of_type(_SYSCALL)[0].get(b"syscall")) % _U32
            return number - _U32 * (number >= _U32 // 2)
        if 1006 in self.types():
            return 1006
        standing = (kinds.ALONE, kinds.USER, kinds.URINGOP)
        return next((r.type for r in self.records if kinds.kind_of(r.type) in standing), None)

    @property
    def arch(self) -> int:
        """The architecture of the system call."""
        return _hexadecimal(self.of_type(_SYSCALL)[0].get(b"arch")) % _U32

    @property
    def pid(self) -> int:
        """The process of the system call."""
        return _decimal(self.of_type(_SYSCALL)[0].get(b"pid"))

    @property
    def ppid(self) -> int:
        """Its parent."""
        return _decimal(self.of_type(_SYSCALL)[0].get(b"ppid"))

    # taking records

    def has(self, record: Record) -> bool:
        """Whether exactly this record was received before."""
        kind = kinds.kind_of(record.type)
        alike = [known for known in self.records if kinds.kind_of(known.type) == kind]
        if not alike:
            return False
        if record.type in kinds.ONCE_PER_EVENT or kind == kinds.USER:
            return True
        if record.type == _PATH:
            item = _item(record)
            if item is None:
                return False
            if item < 64:
                return item in {_item(known) for known in alike}
        elif record.type != _EXECVE:
            return False
        return self.final or record.body in {known.body for known in alike}

    def add(self, record: Record) -> None:
        """Take a record that is not a duplicate."""
        session = record.get(b"ses")
        standing = (kinds.ALONE, kinds.USER, kinds.URINGOP, kinds.LOGIN)
        tells = kinds.kind_of(record.type) in standing and _SYSCALL not in self.types()
        if session is not None and (record.type == _SYSCALL or tells):
            self.session = _decimal(session) % _U32
        self.records.append(record)

    # completeness

    def is_closed(self) -> bool:
        """Whether nothing more is expected once nothing is missing."""
        if _EOE in self.types() or self.sees(kinds.USER):
            return True
        return _EOE in self.excluded and bool(self.types() & {_SYSCALL, 1336})

    def missing(self) -> int:
        """The number of implied records that have not come."""
        missing = max(0, self._contexts_owed() - len(self.of_type(*_CONTEXT_TYPES)))
        if _SYSCALL in self.types():
            return missing + self._missing_of_syscall(self.of_type(_SYSCALL)[0])
        if 1336 in self.types() and _PROCTITLE not in self.types():
            items = _decimal(self.of_type(1336)[-1].get(b"items")) % _U32
            wanted = {_EOE, _CWD} if items else {_EOE}
            return missing + self._absent(wanted) + self._paths_absent(items) + self._open_command()
        if self.types() & _WITHIN:
            missing += self._absent({_SYSCALL, _PROCTITLE, _EOE})
        return missing

    def _contexts_owed(self) -> int:
        if self.excluded & _CONTEXT_TYPES:
            return 0
        owed = 0
        for record in self.records:
            kind = kinds.kind_of(record.type)
            if record.type == _SYSCALL:
                owed += record.get(b"subj") == b"?"
            elif record.type == _PATH:
                owed += record.get(b"obj") == b"?"
            elif record.type in kinds.ONCE_PER_EVENT or kind in (kinds.EXECVE, kinds.CONTEXTS):
                continue
            else:
                owed += (record.get(b"subj") == b"?") + (record.get(b"obj") == b"?")
        return owed

    def _absent(self, wanted: set[int]) -> int:
        return len(wanted - self.types() - self.excluded)

    def _paths_absent(self, owed: int) -> int:
        if _PATH in self.excluded:
            return 0
        return max(0, owed % _U32 - len(self.of_type(_PATH)))

    def _open_command(self) -> int:
        """1 if EXECVE records leave arguments open, else 0."""
        commands = self.of_type(_EXECVE)
        if not commands:
            return 0
        argc, whole, announced, received = None, 0, 0, 0
        for key, value in (field for record in commands for field in record.fields):
            if key == b"argc":
                argc = _decimal(value) % _U32
            elif re.fullmatch(rb"a[0-9]+", key):
                whole += 1
            elif re.fullmatch(rb"a[0-9]+_len", key):
                whole += 1
                announced += _decimal(value)
            elif re.fullmatch(rb"a[0-9]+\[[0-9]+\]", key):
                quoted = value.startswith(b'"') and len(value) >= 2
                received += len(value) - 2 * quoted
        return int(argc is None or whole != argc or announced != received)

    def _missing_of_syscall(self, syscall: Record) -> int:
        items = _decimal(syscall.get(b"items"))
        rule = implied.IMPLIED.get(self.arch, {}).get(_decimal(syscall.get(b"syscall")), 0)
        wanted = {_PROCTITLE, _EOE}
        if not self.sees(kinds.ALONE) and not self.sees(kinds.LOGIN):
            wanted |= self._implied_by(rule, syscall)
        if items:
            wanted.add(_CWD)
        if items and rule & implied.HIDDEN_NAME:
            items -= 1
        return self._absent(wanted) + self._paths_absent(items) + self._open_command()

    def _implied_by(self, rule: int, syscall: Record) -> set[int]:
        wanted = set()
        if (syscall.get(b"success") or b"").startswith(b"y"):
            wanted |= {number for bit, number in _BY_SUCCESS.items() if rule & bit}
            if rule & implied.ADDRESS_OUT and _hexadecimal(syscall.get(b"a1")):
                wanted.add(_SOCKADDR)
            if rule & implied.MMAP and _maps_file(syscall.get(b"a3")):
                wanted.add(1323)
        if rule & implied.ADDRESS_IN and _address_was_read(syscall):
            wanted.add(_SOCKADDR)
        return wanted


def _item(path: Record) -> int | None:
    """The item number of a PATH record, which its first field holds."""
    if not path.fields or path.fields[0][0] != b"item":
        return None
    return _decimal(path.fields[0][1])


def _maps_file(flags: bytes | None) -> bool:
    return flags is not None and not _hexadecimal(flags) & implied.MAP_ANONYMOUS


def _address_was_read(syscall: Record) -> bool:
    length = _hexadecimal(syscall.get(b"a2")) % (1 << 32)
    result = syscall.get(b"exit")
    if result is None or not 0 < length <= implied.ADDRESS_LENGTH_MAX:
        return False
    failure = -_decimal(result[1:]) if result.startswith(b"-") else 0
    return failure not in implied.ADDRESS_UNREAD_EXITS
