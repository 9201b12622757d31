"""What a guest must have before rules are loaded in it: every path that they name.

The kernel refuses `dir=` of a folder that is missing, and `path=` and `exe=` whose folder is. So a
path is made as the kind that it is on this host, links included, and where this host has none, as
the rule needs it. No content is copied: a guest sees names and kinds of this host's files only.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Iterator, Mapping

from harness.guest.cpio import Entry, file, folder, is_plain, link
from harness.kernel.rules.fields import Field
from harness.kernel.rules.rule import Rule

_MOST_LINKS = 40


def entries_for(rules: Iterable[bytes], taken: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """The entries that these rules' payloads need beside `taken`, by path."""
    made: dict[bytes, Entry] = {}
    # Folders first: what one rule has below a path makes that path a folder for all.
    wishes = sorted(set(_wishes(rules)), key=lambda wish: (not wish[1], wish[0]))
    for path, is_folder, is_program in wishes:
        _place(path, is_folder, is_program, {**taken}, made)
    return {path: entry for path, entry in made.items() if path not in taken}


def _wishes(rules: Iterable[bytes]) -> Iterator[tuple[bytes, bool, bool]]:
    """Each path with whether it is to be a folder, and whether a program."""
    for payload in rules:
        for field in Rule.from_bytes(payload).fields:
            if field.field in (Field.WATCH, Field.DIR, Field.EXE):
                yield field.text, field.field == Field.DIR, field.field == Field.EXE


def _place(
    path: bytes,
    is_folder: bool,
    is_program: bool,
    taken: Mapping[bytes, Entry],
    made: dict[bytes, Entry],
) -> None:
    if not path.startswith(b"/") or b"\0" in path:
        return
    todo = [part for part in path.split(b"/") if part]
    here, links = b"/", 0
    while todo:
        name = todo.pop(0)
        here_now = posixpath.normpath(posixpath.join(here, name))
        if not is_plain(here_now):
            return
        entry = taken.get(here_now) or made.get(here_now)
        if entry is None:
            entry = _as_here(here_now, bool(todo), is_folder, is_program)
            made[here_now] = entry
        elif todo and not (stat.S_ISDIR(entry.mode) or stat.S_ISLNK(entry.mode)):
            if here_now in taken:
                return
            entry = made[here_now] = folder()
        if stat.S_ISLNK(entry.mode):
            links += 1
            if links > _MOST_LINKS:
                return
            target = entry.data
            todo[:0] = [part for part in target.split(b"/") if part]
            here = b"/" if target.startswith(b"/") else here
            continue
        here = here_now


def _as_here(path: bytes, is_parent: bool, is_folder: bool, is_program: bool) -> Entry:
    """The entry of a path, of the kind that it has on this host."""
    try:
        mode = os.lstat(path).st_mode
        if stat.S_ISLNK(mode):
            return link(os.readlink(path))  # noqa: PTH115  # bytes, as given
    except OSError:
        mode = 0
    if stat.S_ISDIR(mode) or is_parent or (is_folder and not mode):
        return folder()
    runs = is_program or bool(mode & 0o111)
    return file(b"", 0o755 if runs else 0o644)
