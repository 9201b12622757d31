"""Files that the user names to be written: reports, pictures, exports, captures."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import as_caller, why
from harness.files.folder import Folder, is_root_alone
from harness.files.reading import exists

_OWN = re.compile(r"/dev/(?:(?P<name>stdout|stderr)|fd/(?P<number>\d+))")
# Never waits for a reader of a FIFO, and never takes a terminal.
_WRITE = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class OutputLostError(HostUnfitError):
    """A file could be opened, but does not take what is written to it: there is no room, mostly."""


def require_writable(path: Path) -> None:
    """Raise UsageError if a file could not be written; the file is not changed."""
    with _refusals(path):
        descriptor, is_new = _open(path, append=True)
        os.close(descriptor)
        if is_new:
            with Folder(path.parent) as folder:
                folder.remove(path.name)


def write_text(path: Path, text: str, *, append: bool = False) -> int:
    """Write or append text as UTF-8; return its size in bytes. Raises as `write_bytes`."""
    return write_bytes(path, text.encode(errors="replace"), append=append)


def write_bytes(path: Path, data: bytes, *, append: bool = False) -> int:
    """Write or append to a file; return the size of `data`.

    Raises UsageError for a file that cannot be opened, OutputLostError for one that takes nothing.

    As root, a link at the path is not followed, and only a file or a device is written to;
    `/dev/stdout` and `/dev/fd/N` are this process's own.
    """
    with _refusals(path):
        descriptor, _ = _open(path, append=append)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        what = f"{path} cannot be written ({why(error)})"
        raise OutputLostError(what, remedy="free space, or name another file") from None
    return len(data)


class NewFile:
    """A file in the making: nothing exists at its path until `publish`.

    Raises UsageError if there is a file already, or none can be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _refusals(path):
            self._folder = Folder(path.parent)
            try:
                _require_absent(path)
                self.descriptor, self._draft = self._folder.draft(path.name)
            except BaseException:
                self._folder.close()
                raise

    def __enter__(self) -> NewFile:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)
        if self._draft:
            self._folder.remove(self._draft)
        self._folder.close()

    def publish(self) -> int:
        """Put it at its path; return its size in bytes."""
        with _refusals(self._path):
            self._folder.rename(self._draft, self._path.name)
        self._draft = ""
        return os.fstat(self.descriptor).st_size


def _require_absent(path: Path) -> None:
    """Raise FileExistsError if anything is there."""
    if exists(path):
        raise FileExistsError(errno.EEXIST, "it exists")


def _open(path: Path, *, append: bool) -> tuple[int, bool]:
    """Open a descriptor to write to; return it, and whether the file is new."""
    if own := _OWN.fullmatch(str(path)):
        number = {"stdout": 1, "stderr": 2}.get(own["name"]) or int(own["number"])
        return os.dup(number), False
    with Folder(path.parent) as folder:
        try:
            return folder.create(path.name), True
        except FileExistsError:
            pass
        flags = _WRITE | (os.O_APPEND if append else 0)
        flags |= os.O_NOFOLLOW if os.geteuid() == 0 else os.O_CREAT
        with as_caller():
            descriptor = os.open(path.name, flags, 0o666, dir_fd=folder.descriptor)
    try:
        _require_plain(descriptor)
        if not append and stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.ftruncate(descriptor, 0)
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, False


def _require_plain(descriptor: int) -> None:
    """Raise OSError if it is not a file to write to."""
    about = os.fstat(descriptor)
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISCHR(about.st_mode)):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if is_root_alone() and stat.S_ISREG(about.st_mode) and about.st_nlink > 1:
        raise OSError(errno.EMLINK, "it has a second name, which may be anybody's (a hard link)")


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{path} cannot be written ({why(error)})"
        raise UsageError(what, remedy="name another file") from None
