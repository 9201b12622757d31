"""Files that decide what is done with root's rights: only the caller may have written them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.files.caller import as_caller, caller


def who_else_writes(path: Path) -> str:
    """Who besides root and the caller may change a file or folder, in words; empty if nobody.

    Raises OSError where it cannot be seen. A link belongs to whoever made it.
    """
    with as_caller():
        about = path.lstat()
    found = caller()
    uid, gid = (found.uid, found.gid) if found is not None else (os.geteuid(), os.getegid())
    if about.st_uid not in (0, uid):
        return f"{path} belongs to user {about.st_uid}"
    if about.st_mode & stat.S_IWOTH and not stat.S_ISLNK(about.st_mode):
        return f"everybody may write to {path}"
    if about.st_mode & stat.S_IWGRP and about.st_gid not in (0, gid):
        return f"group {about.st_gid} may write to {path}"
    return ""
