"""Whether the files that a call touches are those that a rule names: links, inodes, folders.

A touched path that ends in a slash stands for something below it, so that the answer may be None:
it depends. The machine is examined, as the kernel does when it takes a rule.
"""

from __future__ import annotations

import os
from functools import lru_cache


def same_program(named: str, running: str) -> bool:
    """Whether a rule's path and the file that is used are one file, by inode if both exist."""
    # As the kernel: links in the last place of `named` do not count.
    left, right = _inode(named, follow=False), _inode(running, follow=True)
    return named == running if left is None or right is None else left == right


@lru_cache(maxsize=4096)
def _inode(path: str, *, follow: bool) -> tuple[int, int] | None:
    try:
        found = os.stat(path, follow_symlinks=follow)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def is_the_file(named: str, touched: str) -> bool | None:
    """Whether a rule's `path=` is a file that a call touches.

    Links in the last place are not followed in a rule; in a call they are followed.
    """
    if touched.endswith("/"):
        return None if _is_below(_without_links(named), _resolved(touched)) else False
    return same_program(named, touched) or _without_links(named) == _resolved(touched)


def is_inside(folder: str, touched: str) -> bool | None:
    """Whether a file that a call touches is in the folder of a rule's `dir=`."""
    inner, folder = _resolved(touched), _resolved(folder)
    if _is_below(inner, folder):
        return True
    return None if touched.endswith("/") and _is_below(folder, inner) else False


def _is_below(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


@lru_cache(maxsize=4096)
def _resolved(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return path


def _without_links(path: str) -> str:
    """The path of a rule, symbolic links followed up to its last part."""
    folder, _, name = path.rstrip("/").rpartition("/")
    return f"{_resolved(folder or '/').rstrip('/')}/{name}"
