"""The folder that keeps kernel images from run to run: this user's alone.

Where it is: `auditbench-guests` in `$XDG_CACHE_HOME`, else in `~/.cache` (XDG Base Directory
Specification, which has a relative path ignored); under sudo in `/var/cache`. What lies in it is
started as a kernel with this user's rights, so nobody else may be able to write there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from harness.errors import HostUnfitError
from harness.files.caller import caller
from harness.files.reading import open_as_root, read_all
from harness.files.scratch import remove_abandoned, scratch_folder

OF_ROOT = Path("/var/cache")
NAME = "auditbench-guests"
MOST_IMAGE_BYTES = 256 << 20
_REMEDY = "name another place with XDG_CACHE_HOME=DIR"


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder, made if need be; HostUnfitError if it cannot be, or if others may write to it."""
    place = _place(environment)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HostUnfitError(
            f"the cache folder {place} cannot be made ({error.strerror})", remedy=_REMEDY
        ) from error
    folder = place / NAME
    return private_folder(folder)


def private_folder(folder: Path) -> Path:
    """A folder of this user alone, made if need be; HostUnfitError if it is not."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise HostUnfitError(
            f"the cache folder {folder} cannot be made ({error.strerror})", remedy=_REMEDY
        ) from error
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.geteuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise HostUnfitError(
            f"the cache folder {folder} is not a folder that only this user can open",
            remedy=f"look into it, then remove it, or {_REMEDY}",
        )
    return folder


def kept(folder: Path, name: str) -> bytes | None:
    """A file of the folder; None where there is none, or where it is not this user's alone."""
    try:
        descriptor = open_as_root(folder / name)
    except OSError:
        return None
    about = os.fstat(descriptor)
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        os.close(descriptor)
        return None
    return read_all(descriptor, MOST_IMAGE_BYTES)


def keep(folder: Path, name: str, data: bytes, *, instead_of: str = "") -> None:
    """Keep a file; a kill leaves the old one or the new one. HostUnfitError on a full disk.

    `instead_of` is a pattern of names, whose other files are removed: older versions.
    """
    remove_abandoned(folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with scratch_folder(folder) as place:
            with os.fdopen(os.open(place / name, flags, 0o600), "wb") as file:
                file.write(data)
            (place / name).replace(folder / name)
        old = [path.name for path in folder.glob(instead_of)] if instead_of else []
    except OSError as error:
        raise HostUnfitError(
            f"{folder / name} cannot be written ({error.strerror})", remedy=_REMEDY
        ) from error
    for other in old:
        if other != name:
            drop(folder, other)


def drop(folder: Path, name: str) -> None:
    """Remove a kept file; no error if it is gone already."""
    try:
        (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise HostUnfitError(
            f"{folder / name} cannot be removed ({error.strerror})", remedy="remove it as its owner"
        ) from error


def _place(environment: Mapping[str, str]) -> Path:
    if caller() is not None:
        # Under sudo both variables may be the caller's, who could lead root anywhere by a link.
        return OF_ROOT
    named = environment.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named)
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise HostUnfitError("there is no home folder to keep kernels in", remedy=_REMEDY)
    return Path(home) / ".cache"
