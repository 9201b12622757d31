"""Where temporary files of root may be: never where another user can exchange them."""

from __future__ import annotations

import os
import stat

VARIABLE = "TMPDIR"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def pass_over_open_place() -> None:
    """As root, forget a TMPDIR in which another user can put one thing in the place of another.

    `sudo -E` keeps that of the caller. Paths below it would then be the caller's to direct, though
    the files are private. What is kept has no link on its way.
    """
    place = os.environ.get(VARIABLE)
    if not place or os.geteuid() != 0:
        return
    real = os.path.realpath(place)
    if is_open(real):
        del os.environ[VARIABLE]
    else:
        os.environ[VARIABLE] = real


def is_open(path: str, owner: int = 0) -> bool:
    """Whether anybody but root and `owner` can exchange the folder `path`, which has no link on its
    way, or what is in it. A folder with the sticky bit, such as /tmp, keeps what others made.
    """
    while True:
        try:
            about = os.stat(path)  # noqa: PTH116 - pathlib costs start-up time
        except OSError:
            return False  # whatever is made there fails, and says why
        if about.st_uid not in (0, owner):
            return True
        if about.st_mode & _OTHERS_WRITE and not about.st_mode & stat.S_ISVTX:
            return True
        above = os.path.dirname(path)  # noqa: PTH120
        if above == path:
            return False
        path = above
