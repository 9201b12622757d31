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


def read_bytes(path: Path, *, named: bool = False) -> bytes:
    """The content of a file, opened as `open_to_read` does."""
    with os.fdopen(open_to_read(path, named=named), "rb") as file:
        return file.read()


def read_text(path: Path, *, named: bool = False) -> str:
    """The content of a UTF-8 file; UnicodeDecodeError, a ValueError, where it is none."""
    return read_bytes(path, named=named).decode()


def _open(path: Path, flags: int) -> int:
    descriptor = os.open(path, _READ | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IrregularFileError(errno.EINVAL, "it is no regular file", str(path))
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
