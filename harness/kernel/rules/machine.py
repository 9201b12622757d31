"""The machine whose system calls rules name: this one, or that of a guest which gets them."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_BITS = {"aarch64": {b"b64": b"aarch64", b"b32": b"arm"}}
"""What libaudit, which asks this machine for its bits, calls the machines that others mean."""
_other: ContextVar[str] = ContextVar("other", default="")


def rules_machine() -> str:
    """Its name as `uname -m` has it."""
    return _other.get() or platform.machine()


@contextmanager
def rules_for(machine: str) -> Iterator[None]:
    """Read and judge rules as auditctl of that machine would, in this context."""
    token = _other.set("" if machine == platform.machine() else machine)
    try:
        yield
    finally:
        _other.reset(token)


def arch_word(word: bytes) -> bytes:
    """The word after `arch=` that libaudit understands as it would on the rules' machine."""
    return _BITS.get(_other.get(), {}).get(word.lower(), word)
