"""A named pipe that a program of the caller's writes to, and that is read here."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HostUnfitError
from harness.files.caller import as_caller, why

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def named_pipe() -> Iterator[tuple[Path, int]]:
    """The path of a pipe in a private folder of the caller's, and a descriptor that reads it.

    Reading does not wait. Raises `HostUnfitError` where none can be made.
    """
    try:
        with as_caller():
            folder = Path(tempfile.mkdtemp(prefix="auditbench-"))
            path = folder / "trace"
            os.mkfifo(path, 0o600)
            descriptor = os.open(path, _READ)
    except OSError as error:
        raise HostUnfitError(
            f"no pipe can be made in {tempfile.gettempdir()} ({why(error)})",
            remedy="set TMPDIR to a folder that can be written to",
        ) from error
    try:
        if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            raise HostUnfitError(f"{path} is not the pipe that was made", remedy="try again")
        yield path, descriptor
    finally:
        os.close(descriptor)
        with as_caller(), contextlib.suppress(OSError):
            path.unlink()
            folder.rmdir()
