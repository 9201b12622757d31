"""A folder held open by descriptor: making files in it never follows links."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections import deque
from pathlib import Path

from harness.files.caller import as_caller, caller

_HOLD = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MORE = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST_LINKS = 40


class Folder:
    """An open folder. Its methods use the caller's rights and raise OSError."""

    def __init__(self, path: Path, *, make: bool = False, new: bool = False) -> None:
        """Open the folder at `path`; `make` makes it and its parents, `new` insists on that.

        As root, links of other users are not followed: they could lead anywhere.
        """
        self.path = path
        self._made: list[tuple[int, str]] = []
        with as_caller():
            try:
                self.descriptor = self._open(make=make)
                if new:
                    self._require_made()
            except BaseException:
                self.remove_made()
                self._forget_made()
                raise

    def create(self, name: str, flags: int = 0) -> int:
        """Make a new file and open it for writing; return its descriptor."""
        with as_caller():
            return os.open(name, _NEW | flags, 0o666, dir_fd=self.descriptor)

    def append_to(self, name: str) -> int:
        """Open a file of the folder to read it and append to it; return its descriptor."""
        with as_caller():
            return os.open(name, _MORE, dir_fd=self.descriptor)

    def draft(self, name: str) -> tuple[int, str]:
        """Make a file that will become `name`; return its descriptor and its unguessable name."""
        hidden = f".{name}.{secrets.token_hex(8)}.new"
        return self.create(hidden), hidden

    def rename(self, old: str, new: str) -> None:
        """Rename a file of the folder over another; a link there is itself replaced."""
        with as_caller():
            os.rename(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def replace(self, name: str, data: bytes) -> None:
        """Write a file atomically: a crash leaves the old or the new one."""
        descriptor, draft = self.draft(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self.rename(draft, name)
        except BaseException:
            self.remove(draft)
            raise

    def remove(self, name: str) -> None:
        """Remove a file; one that does not exist or may not be removed is left alone."""
        with as_caller(), contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.descriptor)

    def remove_made(self) -> None:
        """Remove the folders that opening this one made, as far as they are empty."""
        with as_caller(), contextlib.suppress(OSError):
            for parent, name in reversed(self._made):
                os.rmdir(name, dir_fd=parent)

    def close(self) -> None:
        """Close the descriptor."""
        self._forget_made()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, *, make: bool) -> int:
        parts, links = deque(self.path.parts), 0
        here = os.open(".", _HOLD)
        try:
            while parts:
                part = parts.popleft()
                try:
                    there = self._enter(here, part, make=make)
                except NotADirectoryError:
                    links += 1
                    if links > _MOST_LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                    parts.extendleft(reversed(_target(here, part).parts))
                    continue
                os.close(here)
                here = there
        except BaseException:
            os.close(here)
            raise
        return here

    def _enter(self, here: int, part: str, *, make: bool) -> int:
        """The descriptor of a folder in another; NotADirectoryError for a link, too."""
        try:
            return os.open(part, _HOLD | os.O_NOFOLLOW, dir_fd=here)
        except FileNotFoundError:
            if not make:
                raise
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, dir_fd=here)
            self._made.append((os.dup(here), part))
        return os.open(part, _HOLD | os.O_NOFOLLOW, dir_fd=here)

    def _require_made(self) -> None:
        """Raise FileExistsError if the folder existed before."""
        if not self._made or self._made[-1][1] != self.path.name:
            os.close(self.descriptor)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path))

    def _forget_made(self) -> None:
        for parent, _ in self._made:
            os.close(parent)
        self._made.clear()


def _target(here: int, part: str) -> Path:
    """The target of a link; NotADirectoryError if it is no link, PermissionError if not ours."""
    link = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
    try:
        about = os.fstat(link)
        if not stat.S_ISLNK(about.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), part)
        if is_root_alone() and about.st_uid != 0:
            raise PermissionError(errno.EACCES, f"{part} is another user's symbolic link", part)
        return Path(os.readlink("", dir_fd=link))
    finally:
        os.close(link)


def is_root_alone() -> bool:
    """Whether files are opened with root's rights: then nobody else's links are followed."""
    return os.geteuid() == 0 and caller() is None
