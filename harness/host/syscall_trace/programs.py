"""Which program runs when a file is executed: itself, or the interpreter that its first line names.

And which other files the kernel opens for that: the loader that an ELF file asks for.
"""

from __future__ import annotations

import os
import struct
from functools import lru_cache

from harness.files.reading import open_to_read

_MOST_SCRIPTS = 5
"""The kernel follows interpreters that are scripts this far."""
_HEAD_BYTES = 4096
_ELF = b"\x7fELF"
_INTERPRETER = 3
"""PT_INTERP."""


@lru_cache(maxsize=1024)
def opened_for(path: str) -> tuple[str, ...]:
    """The files that execve opens, in order: scripts, the program, its loader."""
    found: list[str] = []
    for _ in range(_MOST_SCRIPTS):
        found.append(os.path.realpath(path))
        head = _head(path)
        if not head.startswith(b"#!"):
            loader = _loader(head)
            return (*found, os.path.realpath(loader)) if loader else tuple(found)
        words = head[2:].partition(b"\n")[0].split()
        if not words:
            break
        path = os.fsdecode(words[0])
    return tuple(found)


@lru_cache(maxsize=1024)
def program_run(path: str) -> str | None:
    """The program that a process runs after it executed the file; None for an unknown format."""
    for file in opened_for(path):
        head = _head(file)
        if not head.startswith(b"#!"):
            return file if head.startswith(_ELF) else None
    return None


def _head(path: str) -> bytes:
    try:
        # As the caller may: a program that can be executed only is unknown.
        descriptor = open_to_read(os.path.realpath(path), named=True)  # type: ignore[arg-type]
    except OSError:
        return b""
    try:
        return os.read(descriptor, _HEAD_BYTES)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _loader(head: bytes) -> str | None:
    """The loader that an ELF file names, where its beginning has the name."""
    if not head.startswith(_ELF) or len(head) < 64:
        return None
    order = "<" if head[5] == 1 else ">"
    is_wide = head[4] == 2
    at, size, count = _table(head, order, is_wide=is_wide)
    for index in range(min(count, 64)):
        entry = head[at + index * size :][:size]
        if len(entry) < (56 if is_wide else 32):
            return None
        if struct.unpack_from(f"{order}I", entry)[0] == _INTERPRETER:
            begin = struct.unpack_from(
                f"{order}{'Q' if is_wide else 'I'}", entry, 8 if is_wide else 4
            )[0]
            return os.fsdecode(head[begin:].partition(b"\0")[0]) or None
    return None


def _table(head: bytes, order: str, *, is_wide: bool) -> tuple[int, int, int]:
    """Where the program headers begin, the size of one, and how many there are."""
    (at,) = struct.unpack_from(f"{order}{'Q' if is_wide else 'I'}", head, 32 if is_wide else 28)
    size, count = struct.unpack_from(f"{order}HH", head, 54 if is_wide else 42)
    return at, size, count
