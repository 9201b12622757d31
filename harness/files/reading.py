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


def open_to_read(path: Path) -> int:
    """A descriptor of a regular file, opened with the caller's rights; as root, no link."""
    with as_caller():
        descriptor = os.open(path, _READ | (os.O_NOFOLLOW if is_root_alone() else 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    return descriptor


def read_bytes(path: Path) -> bytes:
    """The content of a file."""
    with os.fdopen(open_to_read(path), "rb") as file:
        return file.read()


def read_text(path: Path) -> str:
    """The content of a UTF-8 file; UnicodeDecodeError, a ValueError, where it is none."""
    return read_bytes(path).decode()


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
