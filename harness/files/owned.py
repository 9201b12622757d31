"""Reading a file that nobody named: it is only believed if whoever can write it may decide here."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import caller, why
from harness.files.reading import TooLargeError, exists, open_to_read, read_all

_REMEDY = "remove it, or give --config none"
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def read_owned(path: Path) -> tuple[bytes, str] | None:
    """The content of a file, and why it is not to be believed, if so; None if there is no file.

    It is not to be believed if it belongs to another user than this one, root, or who called sudo;
    nor if everybody may write to it, as root also if its group may. Both are of one descriptor, so
    that nobody can put another file in between. Raises UsageError if it cannot be read.
    """
    try:
        descriptor = open_to_read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if not exists(path):  # its folder may not be searched: nobody can say that it is there
            return None
        raise UsageError(f"{path} cannot be read ({why(error)})", remedy=_REMEDY) from None
    about = os.fstat(descriptor)
    try:
        return read_all(descriptor), _doubt(about)
    except (OSError, TooLargeError) as error:
        words = why(error) if isinstance(error, OSError) else error
        raise UsageError(f"{path} cannot be read ({words})", remedy=_REMEDY) from None


def _doubt(about: os.stat_result) -> str:
    asked = caller()
    if about.st_uid not in {0, os.geteuid(), asked.uid if asked else 0}:
        return f"it belongs to user {about.st_uid}"
    others = _OTHERS if os.geteuid() == 0 else stat.S_IWOTH
    return "others may write to it" if about.st_mode & others else ""
