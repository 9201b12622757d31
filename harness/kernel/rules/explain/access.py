"""Whether a call has one of the accesses of `perm=`, by its name and the flags it opens with."""

from __future__ import annotations

from consumer.text.archs import syscall_name
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.syscall_access import (
    EXECS,
    EXECUTE,
    OPENS,
    READ,
    SOCKETCALL,
    WRITE,
    class_holds,
)

_OPEN_MODES = (READ, WRITE, READ | WRITE, READ | WRITE)
"""By the two lowest bits of the flags."""
_FLAGS_AT = {"open": "a1", "openat": "a2"}
_SOCKETCALL_BIND = 2


def perm_holds(bits: int, seen: Seen, release: tuple[int, int] | None) -> bool | None:
    """Whether a call has one of these accesses. `release` is its kernel's, None if unknown."""
    call = seen.call
    name = None if call.number is None else syscall_name(call.arch, call.number)
    if name is None:
        return None
    if name in EXECS:
        return bool(bits & EXECUTE)
    if name in OPENS:
        flags = call.known.get(_FLAGS_AT[name]) if name in _FLAGS_AT else seen.open_flags
        return None if flags is None else bool(bits & _OPEN_MODES[flags & 3])
    if name == SOCKETCALL:
        first = call.known.get("a0")
        return None if first is None else bool(bits & WRITE and first == _SOCKETCALL_BIND)
    return class_holds(bits, name, release)
