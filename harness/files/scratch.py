"""Private folders for what a run needs on a disk, and removal of those that a killed run left.

A run holds a lock on its folder as long as it lives: a folder that can be locked is abandoned.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import HostUnfitError

PREFIX = "auditbench-"
PLACE = Path("/var/tmp")  # noqa: S108 - each folder is private; on a disk, and not emptied under us
PROGRAM_PLACES = (PLACE, Path("/run"), Path("/var/lib"))
"""Where a program may be put: hardened hosts mount some of them noexec."""
_OURS = re.compile(rf"{PREFIX}[a-z0-9_]{{8}}")
_HOLD = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def scratch_folder(place: Path = PLACE) -> Iterator[Path]:
    """Make a folder that only this user can look into; it is removed after the block."""
    path, lock = _locked_folder(place)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def place_for_programs() -> Path:
    """The first of `PROGRAM_PLACES` from which programs can be started."""
    for place in PROGRAM_PLACES:
        with contextlib.suppress(OSError):
            flags = os.statvfs(place).f_flag
            if not flags & os.ST_NOEXEC and os.access(place, os.W_OK):
                return place
    names = ", ".join(map(str, PROGRAM_PLACES))
    raise HostUnfitError(
        f"no program can be put into, and started from, any of {names} (noexec or not writable)",
        remedy="remount one of them with exec for the run, or leave --exclude-exe out",
    )


def _locked_folder(place: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        with contextlib.suppress(FileNotFoundError):  # another run removed it before it was locked
            lock = os.open(path, _HOLD)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return path, lock
            os.close(lock)


def remove_abandoned(*places: Path) -> list[str]:
    """Remove this user's scratch folders whose run has ended; return which, in words.

    Nothing of other users is touched and no link is followed.
    """
    return [line for place in places or PROGRAM_PLACES for line in _removed_from(place)]


def _removed_from(place: Path) -> list[str]:
    try:
        folder = os.open(place, _HOLD)
    except OSError:
        return []
    try:
        names = sorted(filter(_OURS.fullmatch, os.listdir(folder)))  # noqa: PTH208 - of the folder held open
        removed = [place / name for name in names if _remove_if_abandoned(folder, name)]
    finally:
        os.close(folder)
    return [f"{path}, which a killed run had left behind, was removed" for path in removed]


def _remove_if_abandoned(folder: int, name: str) -> bool:
    try:
        lock = os.open(name, _HOLD, dir_fd=folder)
    except OSError:
        return False
    try:
        about = os.fstat(lock)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) & 0o077:
            return False
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(about, os.stat(name, dir_fd=folder, follow_symlinks=False)):
            return False
        shutil.rmtree(name, dir_fd=folder)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)
