"""One rule under construction: `-F`, `-C`, `-S`, `-w` and `-p` to fields and mask.

libaudit encodes, so that the bytes are auditctl's. Some things are encoded here instead, because
libaudit would ask the kernel for its features first, and reading a rule must need neither
privilege nor an audit kernel: the fields `exe`, `sessionid` and `fstype`, and the lists `exclude`
and `filesystem`. The features are taken for granted; every kernel since 4.17 has them.
`text` knows what options mean together.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.counted import counted
from harness.errors import UsageError
from harness.kernel.rules.checks.syscall_absent import no_such_syscall
from harness.kernel.rules.errors import (
    EQUAL_OR_NOT,
    EXCLUDE_FIELD,
    FIELD_NOT_ON_LIST,
    FIELD_UNAVAILABLE,
    FILE_SYSTEM_UNKNOWN,
    TEXT_TOO_LONG,
    TOO_MANY_FIELDS,
    refusal,
)
from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    MAX_FIELDS,
    NAME_MAX,
    NO_SYSCALLS,
    PATH_MAX,
    PERMISSION_BITS,
    RECORD_FILTER_FIELDS,
    STRING_FIELDS,
    UNSET,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.io_uring_names import IO_URING_OPERATIONS
from harness.kernel.rules.libaudit import Libaudit
from harness.kernel.rules.machine import arch_word
from harness.kernel.rules.numbers import c_integer, fits_u32, u32
from harness.kernel.rules.rule import Rule, RuleField, mask_of, merged
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import shown

_OPERATORS = (
    (b"!=", Operator.NOT_EQUAL),
    (b">=", Operator.GREATER_OR_EQUAL),
    (b"<=", Operator.LESS_OR_EQUAL),
    (b"&=", Operator.BIT_TEST),
    (b"=", Operator.EQUAL),
    (b">", Operator.GREATER),
    (b"<", Operator.LESS),
    (b"&", Operator.MASK),
)
"""In the order in which libaudit looks for them, which decides how `key=a!=b` is split."""
_NAMED_VALUES = STRING_FIELDS | {Field.ARCH, Field.PERM, Field.FILETYPE}
_STAND_IN: dict[int, int] = {
    FilterList.EXCLUDE: FilterList.USER,
    FilterList.FILESYSTEM: FilterList.TASK,
}
"""Lists for which libaudit asks the kernel, and lists that answer the same without it."""
_SESSION_LISTS = frozenset({FilterList.EXCLUDE, FilterList.USER, FilterList.EXIT})


class Encoder:
    """Collects the fields and the mask of one rule. The caller holds `libaudit.LOCK`.

    Raises `UsageError` for what auditctl refuses.
    """

    def __init__(self, library: Libaudit) -> None:
        self._library = library
        self.state = library.state
        self.state.reset()
        self.fields: list[RuleField] = []
        self.mask = NO_SYSCALLS
        self.named = NO_SYSCALLS
        self.warnings: list[RuleWarning] = []

    def add_field(self, pair: bytes, filter_list: int, option: str = "-F") -> None:
        """`-F pair`: one field, and with libaudit 4 the syscalls that `perm=` is about."""
        self._require_room(option, pair, filter_list)
        name, operator, value = _split(pair)
        number = self._library.number("field", name) if value else -1
        if number >= 0 and filter_list == FilterList.EXCLUDE and number not in RECORD_FILTER_FIELDS:
            raise refusal(EXCLUDE_FIELD, option, pair, filter_list)
        own = {
            int(Field.EXE): self._exe,
            Field.SESSIONID: self._session,
            Field.FSTYPE: self._file_system,
        }
        if number in own and operator is not None:
            error = own[number](operator, value, filter_list)
        elif number == Field.ARCH:
            error = self._by_libaudit(pair[: -len(value)] + arch_word(value), filter_list)
        else:
            error = self._by_libaudit(pair, filter_list)
        if error:
            raise refusal(error, option, pair, filter_list)
        self._warn_of_number(pair, value)

    def _by_libaudit(self, pair: bytes, filter_list: int) -> int:
        error, payload = self._library.encode_field(pair, _STAND_IN.get(filter_list, filter_list))
        if not error:
            rule = Rule.from_bytes(payload)
            self.fields += rule.fields
            self.mask = merged(self.mask, rule.mask)
            if self.fields[-1].field == Field.PERM:
                self.state.note("permadded")
        return error

    def _exe(self, operator: int, path: bytes, filter_list: int) -> int:
        del filter_list
        if operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
            return EQUAL_OR_NOT
        self.state.note("exeadded")
        if len(path) > PATH_MAX:
            return TEXT_TOO_LONG
        self.fields.append(RuleField(Field.EXE, operator, path))
        return 0

    def _session(self, operator: int, value: bytes, filter_list: int) -> int:
        if filter_list not in _SESSION_LISTS:
            return FIELD_NOT_ON_LIST
        number = UNSET if value == b"unset" else 0
        if value[:1].isdigit() or (value[:1] == b"-" and value[1:2].isdigit()):
            number = u32(c_integer(value)[0])
        self.fields.append(RuleField(Field.SESSIONID, operator, number))
        return 0

    def _file_system(self, operator: int, value: bytes, filter_list: int) -> int:
        if filter_list != FilterList.FILESYSTEM:
            return FIELD_UNAVAILABLE
        if operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
            return EQUAL_OR_NOT
        number = (
            c_integer(value)[0]
            if value[:1].isdigit()
            else self._library.number("filesystem", value)
        )
        if u32(number) == UNSET:
            return FILE_SYSTEM_UNKNOWN
        self.state.note("filterfsadded")
        self.fields.append(RuleField(Field.FSTYPE, operator, u32(number)))
        return 0

    def _warn_of_number(self, pair: bytes, value: bytes) -> None:
        field = self.fields[-1]
        if field.field in _NAMED_VALUES or isinstance(field.value, bytes):
            return
        number, whole = c_integer(value)
        digits = value[:1].isdigit() or (value[:1] == b"-" and value[1:2].isdigit())
        silent_zero = field.field in {Field.SADDR_FAM, Field.SESSIONID} and value != b"unset"
        if (digits and not (whole and fits_u32(number))) or (silent_zero and not digits):
            self.warnings.append(
                RuleWarning(
                    "number",
                    f"{shown(pair)} is read as the number {field.value}",
                    "write the number that is meant",
                )
            )

    def add_comparison(self, pair: bytes, filter_list: int) -> None:
        """`-C pair`: one field that compares two."""
        self._require_room("-C", pair, filter_list)
        error, payload = self._library.encode_comparison(pair, filter_list)
        if error:
            raise refusal(error, "-C", pair, filter_list)
        self.fields += Rule.from_bytes(payload).fields

    def add_syscalls(self, names: bytes) -> None:
        """`-S names`: syscalls by name or number, several separated by commas, or `all`.

        `state.elf` is their architecture; the caller sets it if no arch was given.
        """
        for name in [part for part in names.split(b",") if part] if b"," in names else [names]:
            error, payload = self._library.encode_syscall(name)
            if error == -2:
                raise UsageError(
                    f"-S {shown(name)}: libaudit has no syscall names for arch {self.state.elf:#x}",
                    remedy="give another arch, or the syscall's number with a known one",
                )
            if error:
                raise no_such_syscall(self._library, name, self.state.elf)
            self.named = merged(self.named, Rule.from_bytes(payload).mask)
        self.mask = merged(self.mask, self.named)
        self.state.note("syscalladded")

    def add_operations(self, names: bytes) -> None:
        """`-S names` on the io_uring list: operations by name or number, or `all`."""
        for name in [part for part in names.split(b",") if part] if b"," in names else [names]:
            self.mask = merged(self.mask, self._operation(name))
        self.state.note("syscalladded")

    def _operation(self, name: bytes) -> bytes:
        text = name.decode("ascii", "replace")
        if text in IO_URING_OPERATIONS:
            return mask_of([IO_URING_OPERATIONS[text]])
        if self._library.knows_io_uring:
            error, payload = self._library.encode_io_uring(name)
            if not error:
                return Rule.from_bytes(payload).mask
        if name == b"all":
            return ALL_SYSCALLS
        if name[:1].isdigit() and c_integer(name)[0] < 8 * len(NO_SYSCALLS):
            return mask_of([c_integer(name)[0]])
        raise UsageError(
            f"-S {shown(name)} names no io_uring operation that the kernel audits",
            remedy="give its number, see enum io_uring_op in linux/io_uring.h",
        )

    def add_every_syscall(self) -> None:
        """Select every syscall, as auditctl does for a rule without `-S`."""
        self.mask = ALL_SYSCALLS

    def add_watch(self, option: str, path: bytes) -> None:
        """`-w path`: a watch on a file, or on a directory if one is there now."""
        _check_watch_path(option, path)
        if len(path) > 2 and path.endswith(b"/"):
            path = path.rstrip(b"/") or b"/"
        if self.fields:
            raise UsageError(
                f"{option} {shown(path)} is in a rule that already has fields",
                remedy="write one watch per line, and -p and -k after it",
            )
        field = Field.DIR if _is_directory(path) else Field.WATCH
        error, payload = self._library.encode_watch(field, path)
        if error:
            raise refusal(error, option, path, FilterList.EXIT)
        rule = Rule.from_bytes(payload)
        self.fields, self.mask = list(rule.fields), rule.mask

    def set_permissions(self, letters: bytes) -> None:
        """`-p letters`: the permissions of a watch, replacing those it has."""
        bits = 0
        if len(letters) > 4 or set(letters.lower()) - set(b"rwxa"):
            raise UsageError(
                f"-p {shown(letters)} is not up to four of r, w, x and a",
                remedy="name permissions like -p wa",
            )
        for letter in letters.decode().lower():
            bits |= PERMISSION_BITS[letter]
        if not self.fields:
            raise UsageError(
                f"-p {shown(letters)} comes before the watch or path it is for",
                remedy="give -w PATH before it, or use -F path=PATH -F perm= in a rule with -a",
            )
        new = RuleField(Field.PERM, Operator.EQUAL, bits)
        if any(field.field == Field.PERM for field in self.fields):
            self.fields = [
                RuleField(field.field, field.op, bits) if field.field == Field.PERM else field
                for field in self.fields
            ]
        else:
            self._require_room("-p", letters, FilterList.EXIT)
            self.fields.append(new)
        self.state.note("permadded")

    def _require_room(self, option: str, text: bytes, filter_list: int) -> None:
        if len(self.fields) >= MAX_FIELDS - 1:
            raise refusal(TOO_MANY_FIELDS, option, text, filter_list)


def _split(pair: bytes) -> tuple[bytes, int | None, bytes]:
    for text, operator in _OPERATORS:
        name, found, value = pair.partition(text)
        if found:
            return name, operator, value
    return pair, None, b""


def _check_watch_path(option: str, path: bytes) -> None:
    if not path.startswith(b"/"):
        raise UsageError(
            f"{option} {shown(path)} is not an absolute path", remedy="begin it with a /"
        )
    if len(path) >= PATH_MAX or len(path.rstrip(b"/").rpartition(b"/")[2]) > NAME_MAX:
        raise UsageError(
            f"{option}: the path of {counted(len(path), 'byte')} is too long",
            remedy=f"a path has at most {PATH_MAX - 1:,} bytes, its last part {NAME_MAX}",
        )


def _is_directory(path: bytes) -> bool:
    try:
        return Path(os.fsdecode(path)).is_dir()
    except (OSError, ValueError):
        return False
