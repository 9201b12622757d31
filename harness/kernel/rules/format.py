"""A rule as `auditctl -l` prints it, to the byte.

That includes its oddities: any rule with only path, dir, perm and key on all syscalls is a watch,
even with the action never; `exe!=` reads `exe=` up to auditctl 4.0.1 (recognised here by a
libaudit older than 3.1); and syscalls of a rule without arch are named by the arch of the rule
printed before it. `format_rule` is one rule alone, `format_listing` a whole list.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.kernel.rules.fields import (
    ARCH_64BIT,
    ARGUMENT_FIELDS,
    COMPARISONS,
    KEY_SEPARATOR,
    LIST_NAMES,
    LISTS_WITH_SYSCALLS,
    OPERATOR_SYMBOLS,
    PERMISSION_BITS,
    Field,
    FilterList,
)
from harness.kernel.rules.io_uring_names import IO_URING_NAMES
from harness.kernel.rules.libaudit import Libaudit, libaudit
from harness.kernel.rules.rule import Rule, RuleField

_WATCH_FIELDS = frozenset({Field.PERM, Field.FILTERKEY, Field.DIR, Field.WATCH})
_ACTION_NAMES = {0: b"never", 1: b"possible", 2: b"always"}
_LIST_NAMES = {int(number): name.encode() for number, name in LIST_NAMES.items()}
_NOTHING = b"(null)"
"""C's output for a name that is not in its table."""


def format_rule(rule: Rule) -> str:
    """The line of one rule, as if it were the only one listed.

    Bytes that are not UTF-8 come out as `\\xNN`. Raises `HostUnfitError` without libaudit.
    """
    return format_listing([rule])[0]


def format_listing(rules: Iterable[Rule]) -> list[str]:
    """The lines of `auditctl -l` for these rules in this order; none for none."""
    return [line.decode("utf-8", "backslashreplace") for line in listing_bytes(rules)]


def listing_bytes(rules: Iterable[Rule]) -> list[bytes]:
    """`format_listing` before decoding, for rules whose paths are not UTF-8."""
    printer = _Printer(libaudit())
    return [printer.line(rule) for rule in rules]


def format_number(field: RuleField) -> str:
    """The value of a field that is a number as a rule has it: the name of an error, of an
    architecture or of a record type, the letters of an access, a number with its sign.
    """
    printer = _Printer(libaudit())
    value = printer.arch_name(field.number) if field.field == Field.ARCH else printer.value(field)
    return value.decode() or str(field.number)


class _Printer:
    """Prints rule after rule and remembers the last arch, as auditctl does."""

    def __init__(self, library: Libaudit) -> None:
        self._library = library
        self._arch = 0
        self._always_equal = {Field.PERM}
        if not library.knows_io_uring:
            self._always_equal |= {Field.WATCH, Field.DIR, Field.EXE}

    def line(self, rule: Rule) -> bytes:
        watch = _is_watch(rule)
        parts = [] if watch else self._head(rule)
        for field in rule.fields:
            if field.field != Field.ARCH:
                parts += self._field(field, watch=watch)
        return b"".join(parts)

    def _head(self, rule: Rule) -> list[bytes]:
        name = _LIST_NAMES.get(rule.filter_list, _NOTHING)
        parts = [
            b"-A " if rule.prepend else b"-a ",
            _ACTION_NAMES.get(rule.action, _NOTHING),
            b",",
            name,
        ]
        for field in rule.fields:
            if field.field == Field.ARCH:
                self._arch = field.number
                parts.append(b" -F arch" + _symbol(field) + self.arch_name(field.number))
        if rule.filter_list in LISTS_WITH_SYSCALLS:
            parts.append(self._syscalls(rule))
        return parts

    def arch_name(self, arch: int) -> bytes:
        """An architecture as b64 or b32, or as its number if libaudit does not know it."""
        if self._library.machine_of_arch(arch) < 0:
            return b"0x%X" % arch
        return b"b64" if arch & ARCH_64BIT else b"b32"

    def _syscalls(self, rule: Rule) -> bytes:
        if rule.names_every_syscall:
            return b" -S all"
        numbers = rule.syscalls()
        if not numbers:
            return b""
        machine = (
            self._library.machine_of_arch(self._arch)
            if self._arch
            else self._library.this_machine()
        )
        names = []
        for number in numbers:
            if rule.filter_list == FilterList.IO_URING:
                name = self._library.io_uring_name(number) or IO_URING_NAMES.get(number)
            else:
                name = self._library.syscall_name(number, machine) if machine >= 0 else None
            names.append(name or str(number))
        return b" -S " + ",".join(names).encode()

    def _field(self, field: RuleField, *, watch: bool) -> list[bytes]:
        name = self._library.name("field", field.field)
        if name is None:
            value = len(field.text) if isinstance(field.value, bytes) else field.value
            return [b" f%d%s%d" % (field.field, _symbol(field), _signed(value))]
        if field.field == Field.FILTERKEY:
            option = b" -k " if watch else b" -F key="
            return [option + key for key in field.text.split(KEY_SEPARATOR) if key]
        if field.field == Field.FIELD_COMPARE:
            return _comparison(field)
        if watch:
            option = b" -p " if field.field == Field.PERM else b"-w "
            return [option + self.value(field)]
        symbol = b"=" if field.field in self._always_equal else _symbol(field)
        return [b" -F " + name.encode() + symbol + self.value(field)]

    def value(self, field: RuleField) -> bytes:
        """What stands behind the operator of a field."""
        if isinstance(field.value, bytes):
            return field.value
        number = field.value
        if field.field == Field.PERM:
            return "".join(c for c, bit in PERMISSION_BITS.items() if number & bit).encode()
        if field.field in ARGUMENT_FIELDS:
            return b"0x%X" % number
        if field.field == Field.INODE:
            return b"%d" % number
        name: str | None = None
        if field.field == Field.MSGTYPE:
            name = self._library.name("message", _signed(number))
        elif field.field == Field.FSTYPE:
            name = self._library.name("filesystem", _signed(number))
        elif field.field == Field.EXIT and _signed(number) < 0:
            name = self._library.name("errno", -_signed(number))
            name = name and f"-{name}"
        return name.encode() if name else b"%d" % _signed(number)


def _is_watch(rule: Rule) -> bool:
    """auditctl's `is_watch`: only watch fields, a perm, and every syscall where that matters."""
    numbers = {field.field for field in rule.fields}
    if Field.PERM not in numbers or numbers - _WATCH_FIELDS:
        return False
    return rule.filter_list not in LISTS_WITH_SYSCALLS or rule.names_every_syscall


def _symbol(field: RuleField) -> bytes:
    symbol = OPERATOR_SYMBOLS.get(field.op)
    return symbol.encode() if symbol else _NOTHING


def _comparison(field: RuleField) -> list[bytes]:
    sides = COMPARISONS.get(field.number)
    if sides is None:
        return []
    return [b" -C " + sides[0].encode() + _symbol(field) + sides[1].encode()]


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
