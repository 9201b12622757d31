"""libaudit through ctypes: its name tables and its encoding of rule fields.

Its answers are those of auditctl on this machine, whichever version both are. Nothing here opens
a socket: the few calls of libaudit that would ask the kernel for its features are not used (see
`encode`). libaudit keeps the state of the rule under construction in global variables, as
auditctl expects; `State` gives access to them, and the code that builds a rule holds `LOCK`.
"""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable
from ctypes import c_char_p, c_int, c_uint, c_void_p
from functools import cache
from typing import Any

from harness.errors import HostUnfitError, UsageError
from harness.kernel.rules.machine import rules_machine
from harness.kernel.rules.rule import FIXED_BYTES

LIBRARY = "libaudit.so.1"
INSTALL = (
    "install it: apt-get install libaudit1 (Debian, Ubuntu), dnf install audit-libs (Fedora, "
    "RHEL), zypper install libaudit1 (SUSE), pacman -S audit (Arch), apk add audit-libs (Alpine)"
)
LOCK = threading.RLock()
"""Held from the first to the last field of one rule, because of libaudit's global state."""

_NUMBER_OF = {
    "field": "audit_name_to_field",
    "message": "audit_name_to_msg_type",
    "machine": "audit_name_to_machine",
    "filesystem": "audit_name_to_fstype",
    "file_type": "audit_name_to_ftype",
    "errno": "audit_name_to_errno",
}
_NAME_OF = {
    "field": "audit_field_to_name",
    "message": "audit_msg_type_to_name",
    "machine": "audit_machine_to_name",
    "filesystem": "audit_fstype_to_name",
    "file_type": "audit_ftype_to_name",
    "errno": "audit_errno_to_name",
}
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    **{name: (c_int, [c_char_p]) for name in _NUMBER_OF.values()},
    **{name: (c_char_p, [c_int]) for name in _NAME_OF.values()},
    "audit_name_to_syscall": (c_int, [c_char_p, c_int]),
    "audit_syscall_to_name": (c_char_p, [c_int, c_int]),
    "audit_detect_machine": (c_int, []),
    "audit_elf_to_machine": (c_int, [c_uint]),
    "audit_machine_to_elf": (c_uint, [c_int]),
    "audit_rule_create_data": (c_void_p, []),
    "audit_rule_free_data": (None, [c_void_p]),
    "audit_rule_syscallbyname_data": (c_int, [c_void_p, c_char_p]),
    "audit_rule_fieldpair_data": (c_int, [c_void_p, c_char_p, c_int]),
    "audit_rule_interfield_comp_data": (c_int, [c_void_p, c_char_p, c_int]),
    "audit_add_watch_dir": (c_int, [c_int, c_void_p, c_char_p]),
}
_SINCE_3_1: dict[str, tuple[Any, list[Any]]] = {
    "audit_rule_io_uringbyname_data": (c_int, [c_void_p, c_char_p]),
    "audit_uringop_to_name": (c_char_p, [c_int]),
}


class State:
    """What libaudit remembers about the rule under construction, as attributes.

    auditctl sets and reads the same variables; `reset` before each rule.
    """

    FLAGS = ("syscalladded", "permadded", "archadded", "exeadded", "filterfsadded")

    def __init__(self, library: ctypes.CDLL) -> None:
        self._flags = {flag: c_int.in_dll(library, f"_audit_{flag}") for flag in self.FLAGS}
        self._elf = c_uint.in_dll(library, "_audit_elf")

    def reset(self) -> None:
        """Forget the last rule."""
        for flag in self._flags.values():
            flag.value = 0
        self._elf.value = 0

    def has(self, flag: str) -> bool:
        """Whether the rule has a syscall, permission, arch, exe or file system already."""
        return bool(self._flags[flag].value)

    def note(self, flag: str) -> None:
        """Note that the rule has it."""
        self._flags[flag].value = 1

    @property
    def elf(self) -> int:
        """The AUDIT_ARCH_* by which syscall names are looked up; 0 if none was given."""
        return self._elf.value

    @elf.setter
    def elf(self, value: int) -> None:
        self._elf.value = value


class Libaudit:
    """The loaded library. Get it by `libaudit()`."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        for name, (result, arguments) in _SIGNATURES.items():
            _declare(library, name, result, arguments)
        self.knows_io_uring = all(hasattr(library, name) for name in _SINCE_3_1)
        """Whether this is libaudit 3.1 or newer, which has the io_uring list."""
        if self.knows_io_uring:
            for name, (result, arguments) in _SINCE_3_1.items():
                _declare(library, name, result, arguments)
        self.state = State(library)

    def number(self, table: str, name: bytes) -> int:
        """The number of a name in a table (see `_NUMBER_OF`); negative, for errno 0, if unknown."""
        return int(getattr(self._library, _NUMBER_OF[table])(name))

    def name(self, table: str, number: int) -> str | None:
        """The name of a number in a table (see `_NAME_OF`), None if unknown."""
        return _text(getattr(self._library, _NAME_OF[table])(number))

    def syscall_number(self, name: bytes, machine: int) -> int:
        """The number of a syscall on a machine (libaudit's own number of it), -1 if unknown."""
        return int(self._library.audit_name_to_syscall(name, machine))

    def syscall_name(self, number: int, machine: int) -> str | None:
        """The name of a syscall on a machine, None if unknown."""
        return _text(self._library.audit_syscall_to_name(number, machine))

    def io_uring_name(self, number: int) -> str | None:
        """The name of an io_uring operation that is audited, None if unknown."""
        return _text(self._library.audit_uringop_to_name(number)) if self.knows_io_uring else None

    def this_machine(self) -> int:
        """libaudit's number of the rules' machine (`machine.py`), -1 where it has none."""
        if rules_machine() != platform.machine():
            return self.number("machine", rules_machine().encode())
        return int(self._library.audit_detect_machine())

    def machine_of_arch(self, arch: int) -> int:
        """libaudit's machine number of an AUDIT_ARCH_*, -1 if unknown."""
        return int(self._library.audit_elf_to_machine(arch))

    def arch_of_machine(self, machine: int) -> int:
        """The AUDIT_ARCH_* of a machine number, 0 if unknown."""
        return int(self._library.audit_machine_to_elf(machine))

    def encode_field(self, pair: bytes, filter_list: int) -> tuple[int, bytes]:
        """The result of `-F pair` on this list: libaudit's error (0 or negative), a payload."""
        writable = ctypes.create_string_buffer(pair)
        return self._build(self._library.audit_rule_fieldpair_data, writable, filter_list)

    def encode_comparison(self, pair: bytes, filter_list: int) -> tuple[int, bytes]:
        """The result of `-C pair` on this list: error, a rule's payload."""
        writable = ctypes.create_string_buffer(pair)
        return self._build(self._library.audit_rule_interfield_comp_data, writable, filter_list)

    def encode_syscall(self, name: bytes) -> tuple[int, bytes]:
        """The result of `-S name`: error, a rule's payload."""
        function = self._library.audit_rule_syscallbyname_data
        return self._build(lambda rule, word: function(rule.contents, word), name)

    def encode_io_uring(self, name: bytes) -> tuple[int, bytes]:
        """The result of `-S name` on the io_uring list (3.1 and newer): error, a rule's payload."""
        function = self._library.audit_rule_io_uringbyname_data
        return self._build(lambda rule, word: function(rule.contents, word), name)

    def encode_watch(self, field: int, path: bytes) -> tuple[int, bytes]:
        """The result of `-w path` for a file (WATCH) or a directory (DIR): error, payload."""
        function = self._library.audit_add_watch_dir
        return self._build(lambda rule, word: function(field, rule, word), path)

    def _build(self, function: Callable[..., int], *arguments: Any) -> tuple[int, bytes]:
        rule = ctypes.pointer(c_void_p(self._library.audit_rule_create_data()))
        try:
            error = int(function(rule, *arguments))
            return error, _payload(rule.contents.value)
        finally:
            self._library.audit_rule_free_data(rule.contents)


def _declare(library: ctypes.CDLL, name: str, result: Any, arguments: list[Any]) -> None:
    function = getattr(library, name)
    function.restype = result
    function.argtypes = arguments


def _text(name: bytes | None) -> str | None:
    return None if name is None else name.decode("ascii", "backslashreplace")


def _payload(address: int | None) -> bytes:
    if address is None:
        raise MemoryError("libaudit could not allocate a rule")
    text_bytes = c_uint.from_address(address + FIXED_BYTES - 4).value
    return ctypes.string_at(address, FIXED_BYTES + text_bytes)


@cache
def libaudit() -> Libaudit:
    """The library, loaded once. Raises `HostUnfitError` saying how to install it."""
    try:
        return Libaudit(ctypes.CDLL(LIBRARY))
    except OSError as error:
        raise HostUnfitError(f"{LIBRARY} cannot be loaded ({error})", remedy=INSTALL) from error
    except (AttributeError, ValueError) as error:
        raise HostUnfitError(
            f"{LIBRARY} is too old or built without its tables ({error})", remedy=INSTALL
        ) from error


def syscall_number(name: str, machine: str) -> int:
    """The number of a syscall by name on a machine named as `uname -m` names it.

    Raises `UsageError` where the machine or the syscall is unknown to libaudit.
    """
    library = libaudit()
    number = library.number("machine", machine.encode())
    syscall = library.syscall_number(name.encode(), number) if number >= 0 else -1
    if syscall < 0:
        raise UsageError(
            f"libaudit knows no syscall {name} on {machine}",
            remedy="see `ausyscall --dump` for the names of this machine",
        )
    return syscall
