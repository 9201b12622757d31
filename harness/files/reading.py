"""Reading files that the user names, or that are in folders that others may write to.

Raises OSError as `open` does, and also if it is not a file: a FIFO would block, a device might
never end.
"""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from harness.files.caller import as_caller
from harness.files.folder import is_root_alone

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


MOST_BYTES = 256 << 20
"""A run of thousands of trials takes a tenth of this."""
MOST_DOCUMENT_BYTES = 16 << 20
"""A plan, an environment, a lock: some kilobytes."""


class TooLargeError(ValueError):
    """The file, or what it unpacks to, is larger than it can be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it is larger than {limit >> 20} MiB")


class IrregularFileError(OSError):
    """The file to read is a folder, a FIFO or a device."""


def open_to_read(path: Path, *, named: bool = False) -> int:
    """A descriptor of a regular file, opened with the caller's rights.

    `named` means that the user named the file: only then does root follow a link there.
    """
    with as_caller():
        return _open(path, os.O_NOFOLLOW if is_root_alone() and not named else 0)


def open_as_root(path: Path) -> int:
    """The same with this process's own rights, for files the caller may know the content of."""
    return _open(path, os.O_NOFOLLOW)


def read_bytes(path: Path, *, named: bool = False, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """The content of a file, opened as `open_to_read` does.

    Raises TooLargeError, a ValueError, if it has more than `limit` bytes.
    """
    return read_all(open_to_read(path, named=named), limit)


def read_as_root(path: Path, *, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """The same with this process's own rights: a file of its own, where no link is followed."""
    return read_all(open_as_root(path), limit)


def read_all(descriptor: int, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """Read all of an open file and close it; TooLargeError beyond `limit` bytes."""
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(limit)
    return data


def read_text(path: Path, *, named: bool = False) -> str:
    """The content of a UTF-8 file; UnicodeDecodeError, a ValueError, if it is not UTF-8."""
    return read_bytes(path, named=named).decode()


def toml_of(text: str) -> dict[str, Any]:
    """What a TOML file of the user's says.

    ValueError also for a null character in a text, which no path, command or name may hold;
    RecursionError for one nested too deep.
    """
    found = tomllib.loads(text)
    if _holds_null(found):
        raise ValueError(r"a text in it holds a null character (\u0000)")
    return found


def _holds_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_null(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(_holds_null, value))
    return isinstance(value, str) and "\0" in value


def _open(path: Path, flags: int) -> int:
    descriptor = os.open(path, _READ | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IrregularFileError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def is_file(path: Path) -> bool:
    """Whether the caller can see a file there; one that may not be seen counts as absent."""
    with as_caller():
        try:
            return path.is_file()
        except OSError:
            return False


def exists(path: Path) -> bool:
    """Whether the caller can see anything there."""
    with as_caller():
        return os.path.lexists(path)
