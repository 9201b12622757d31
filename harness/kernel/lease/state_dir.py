"""The folder that carries a lease across crashes: its files, and durable writing of them.

The content of the files is defined by the modules that write them.
"""

from __future__ import annotations

import contextlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError

DEFAULT_STATE_DIR: Final = Path("/run/auditbench")


@dataclass(frozen=True, slots=True)
class StateDir:
    """The files of a lease in one folder."""

    path: Path

    @property
    def lock(self) -> Path:
        """Locked by the run that uses the host's audit, and by its guard."""
        return self.path / "lock"

    @property
    def lease(self) -> Path:
        """The state to restore; the file exists only while there is something to restore."""
        return self.path / "lease.json"

    @property
    def children(self) -> Path:
        """The processes to end before anything is given back."""
        return self.path / "children"

    @property
    def log(self) -> Path:
        """What guards did when they had to act, until the next start has reported it."""
        return self.path / "guard.log"

    def prepare(self) -> None:
        """Make the folder, for its owner only.

        Raises HostUnfitError if it cannot be made, or if others can write to it: they could
        then have any rules loaded or processes killed in our name.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.lstat()
        except OSError as error:
            raise HostUnfitError(
                f"cannot make {self.path} ({error.strerror})",
                remedy="run as root on a host with a writable /run",
            ) from None
        if found.st_uid == 0 != os.geteuid():
            raise HostUnfitError(f"{self.path} belongs to root", remedy="run it with sudo")
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise HostUnfitError(
                f"{self.path} is not a folder that only user {os.geteuid()} can write to",
                remedy=f"look into it, then remove it: rm -r {self.path}",
            )


def default_state_dir(path: Path | None = None) -> StateDir:
    """The folder at `path`, or the one that all runs on this host share."""
    return StateDir(path or DEFAULT_STATE_DIR)


def write_durably(path: Path, content: bytes) -> None:
    """Replace the file atomically; it is on the disk when this returns.

    Raises HostUnfitError if it cannot be written; the old file then still exists.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise HostUnfitError(
            f"cannot write {path} ({error.strerror})", remedy=f"free space on {path.parent}"
        ) from None


def remove_durably(path: Path) -> None:
    """Remove the file durably; it need not exist."""
    try:
        path.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileNotFoundError:
        return
    except OSError as error:
        raise HostUnfitError(
            f"cannot remove {path} ({error.strerror})", remedy="remove it by hand"
        ) from None


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
