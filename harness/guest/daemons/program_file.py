"""A program as it was built, with the libraries that it loads on this host, as a package is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import why
from harness.files.reading import is_file, read_bytes
from harness.guest.daemons.deb import Deb
from harness.guest.elf import NotElfError, is_for_x86_64, libraries_of

MOST_PROGRAM_BYTES: Final = 512 << 20
_SCRIPT: Final = b"#!"
_COMPILED: Final = "a guest is given compiled programs of x86_64 alone; `run` measures the others"
_DIGITS: Final = 16


def is_program_file(word: str) -> bool:
    """Whether a word names a file of this host, and not a package of an archive."""
    return word.startswith(("/", "./", "../")) or is_file(Path(word))


def require_program(path: Path) -> None:
    """UsageError for what is not a program that a guest can start."""
    _content_of(path)


def read_program(path: Path, name: str) -> Deb:
    """The program with its loader and libraries; `name` is what it is called in a guest.

    UsageError where it is none that a guest can start, or a library is missing here.
    """
    data = _content_of(path)
    try:
        libraries = libraries_of(path)
        files = {f"usr/lib/{Path(own).name}": lib.read_bytes() for own, lib in libraries.items()}
    except HostUnfitError as error:
        raise UsageError(error.what, remedy="install it: a guest is given what is here") from error
    except (OSError, NotElfError) as error:
        raise UsageError(f"{path} cannot be started in a guest ({error})") from error
    version = f"sha256 {hashlib.sha256(data).hexdigest()[:_DIGITS]}"
    return Deb(name, version, str(path), (), {f"usr/bin/{name}": data, **files})


def _content_of(path: Path) -> bytes:
    try:
        data = read_bytes(path, named=True, limit=MOST_PROGRAM_BYTES)
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else error
        raise UsageError(
            f"{path} cannot be read ({reason})", remedy="give the file of a program"
        ) from error
    if data.startswith(_SCRIPT):
        raise UsageError(f"{path} is a script", remedy=_COMPILED)
    if not is_for_x86_64(data):
        raise UsageError(f"{path} is no program of x86_64", remedy=_COMPILED)
    return data
