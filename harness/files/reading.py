"""Reading what the user names, or what stands in folders that others may write to.

Raises OSError as `open` does, and also for what is no file: a FIFO would be waited for, a device
might never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from harness.files.caller import as_caller
from harness.files.folder import is_root_alone

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


MOST_BYTES = 256 << 20
"""A run of thousands of trials has a tenth of it."""
MOST_DOCUMENT_BYTES = 16 << 20
"""A plan, an environment, a lock: some kilobytes."""


class TooLargeError(ValueError):
    """The file, or what it unpacks to, is larger than it can be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it is larger than {limit >> 20} MiB")


class IrregularFileError(OSError):
    """What was to be read is a folder, a FIFO or a device."""


def open_to_read(path: Path, *, named: bool = False) -> int:
    """A descriptor of a regular file, opened with the caller's rights.

    `named` is a file that the user named: only then root follows a link at its place.
    """
    with as_caller():
        return _open(path, os.O_NOFOLLOW if is_root_alone() and not named else 0)


def open_as_root(path: Path) -> int:
    """The same with this process's own rights, for what the caller may be told all the same."""
    return _open(path, os.O_NOFOLLOW)


def read_bytes(path: Path, *, named: bool = False, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """The content of a file, opened as `open_to_read` does.

    Raises TooLargeError, a ValueError, where it has more than `limit` bytes.
    """
    return read_all(open_to_read(path, named=named), limit)


def read_as_root(path: Path, *, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """The same with this process's own rights: a file of its own, where no link is followed."""
    return read_all(open_as_root(path), limit)


def read_all(descriptor: int, limit: int = MOST_DOCUMENT_BYTES) -> bytes:
    """What an open file holds, which is then closed; TooLargeError beyond `limit` bytes."""
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(limit)
    return data


def read_text(path: Path, *, named: bool = False) -> str:
    """The content of a UTF-8 file; UnicodeDecodeError, a ValueError, where it is none."""
    return read_bytes(path, named=named).decode()


def _open(path: Path, flags: int) -> int:
    descriptor = os.open(path, _READ | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IrregularFileError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def is_file(path: Path) -> bool:
    """Whether the caller can see a file there; what may not be looked at is not there."""
    with as_caller():
        try:
            return path.is_file()
        except OSError:
            return False


def exists(path: Path) -> bool:
    """Whether the caller can see anything there."""
    with as_caller():
        return os.path.lexists(path)
