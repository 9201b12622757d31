"""Whether a file that a call touched is the one that a rule names: by name, or by looking at it.

The kernel compares inodes, and a record of a file has its name. The same name is taken for the
same file. Another name is the same file through a link or a mount: on this host that is looked up
as it is now; of another host it stays open where the last parts agree.
"""

from __future__ import annotations

import os
from functools import lru_cache

from harness.kernel.rules.explain.seen import Seen, Touched


def is_named(rule_path: str, touched: Touched, seen: Seen) -> bool | None:
    """Whether a rule's `path=` is the file."""
    rule_path = _plain(rule_path)
    if not touched.exists:
        return False
    if not seen.elsewhere and _same_inode(rule_path, touched):
        return True if touched.certain else None
    if touched.path is None:
        return False if touched.base not in (None, _last(rule_path)) else None
    if seen.elsewhere and touched.path != rule_path:
        return None if _last(touched.path) == _last(rule_path) else False
    same = not seen.live and touched.path == rule_path
    if same or _place(rule_path, follows=False) == _place(touched.path, follows=touched.follows):
        return True if touched.certain else None
    return False


def is_below(folder: str, touched: Touched, seen: Seen) -> bool | None:
    """Whether the file is in the folder of a rule's `dir=`; an event never tells that for certain.

    The kernel knows the folder's inodes, and a name may lead out of it, or into it.
    """
    folder = _plain(folder)
    if not touched.exists:
        return False
    if touched.path is None:
        return None
    inside = _inside(folder, touched.path)
    if seen.live or not seen.elsewhere:
        looked_up = _inside(
            _place(folder, follows=True), _place(touched.path, follows=touched.follows)
        )
        if seen.live:
            return looked_up if touched.certain or not looked_up else None
        return None if inside or looked_up else False
    return None if inside or _last(folder) in touched.path.split("/") else False


def is_program(rule_path: str, exe: str, seen: Seen) -> bool | None:
    """Whether a program of an event is that of a rule's `exe=`: never yes for certain."""
    rule_path = _plain(rule_path)
    if rule_path == exe:
        return None
    if _last(rule_path) == _last(exe):
        # As seen from a container, or from another root.
        return None
    if not seen.elsewhere and _stat(rule_path, False) == _stat(exe, True) is not None:
        return None
    return False


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _plain(path: str) -> str:
    return os.path.normpath(path).replace("//", "/")


def _inside(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _same_inode(rule_path: str, touched: Touched) -> bool:
    about = _stat(rule_path, False)
    if about is None:
        return False
    if "inode" in touched.known:
        device = touched.known.get("devmajor"), touched.known.get("devminor")
        return about[2:] == device and about[1] == touched.known["inode"]
    return touched.path is not None and about == _stat(touched.path, touched.follows)


@lru_cache(maxsize=4096)
def _stat(path: str, follows: bool) -> tuple[int, int, int, int] | None:
    """Device, inode, major and minor number of the device of what is there now."""
    try:
        found = os.stat(path, follow_symlinks=follows)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, os.major(found.st_dev), os.minor(found.st_dev)


@lru_cache(maxsize=4096)
def _place(path: str, *, follows: bool) -> str:
    """The path without links; that in its last part is kept unless it is followed."""
    try:
        if follows:
            return os.path.realpath(path)
        folder, _, name = path.rstrip("/").rpartition("/")
        return f"{os.path.realpath(folder or '/').rstrip('/')}/{name}"
    except (OSError, ValueError):
        return path
