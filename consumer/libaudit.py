"""Names of system calls from libaudit, for architectures that have no table here.

The library is loaded when the first such name is needed; without it there are no names.
"""

from __future__ import annotations

from functools import cache
from typing import Any

LIBRARY = "libaudit.so.1"


@cache
def _library() -> Any:
    import ctypes  # noqa: PLC0415 - only for names of rare architectures

    try:
        library = ctypes.CDLL(LIBRARY)
        library.audit_elf_to_machine.argtypes = [ctypes.c_uint]
        library.audit_syscall_to_name.argtypes = [ctypes.c_int, ctypes.c_int]
        library.audit_syscall_to_name.restype = ctypes.c_char_p
    except (OSError, AttributeError):
        return None
    return library


@cache
def machine(arch: int) -> int:
    """libaudit's number of an architecture; -1 for one it does not know, or without libaudit."""
    library = _library()
    return -1 if library is None else int(library.audit_elf_to_machine(arch))


def syscall_name(arch: int, number: int) -> str | None:
    """The name of a system call on an architecture, None if there is none."""
    if not -(1 << 31) <= number < 1 << 31 or machine(arch) < 0:
        return None
    name: bytes | None = _library().audit_syscall_to_name(number, machine(arch))
    return None if name is None else name.decode("ascii", "backslashreplace")
