"""Programs of this host that a load starts in a guest, with what they need to start.

They lie where they lie here, links on the way included: a rule's `exe=` and the loader's search for
libraries then find what they would find here.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError
from harness.guest.cpio import Entry, file, link, with_parents
from harness.guest.elf import NotElfError, libraries_of
from workloads.catalog import WORKLOADS
from workloads.running.programs import SHELL

LOADER_CACHE: Final = "/etc/ld.so.cache"
_MOST_LINKS = 40


def programs_of(workloads: Iterable[str]) -> tuple[str, ...]:
    """The programs that these workloads start."""
    return (SHELL,) if any(WORKLOADS[name].yields.get("execve") for name in workloads) else ()


def program_entries(program: str, taken: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """The entries of a program beside `taken`, by path; HostUnfitError where it cannot be had."""
    try:
        libraries = libraries_of(Path(program))
        made = _placed(program, with_parents(taken))
        for library in libraries.values():
            made |= _placed(str(library), with_parents({**taken, **made}))
        if Path(LOADER_CACHE).is_file():
            made |= _placed(LOADER_CACHE, with_parents({**taken, **made}))
    except (OSError, NotElfError, ValueError) as error:
        raise HostUnfitError(
            f"{program} cannot be given to a guest ({error})",
            remedy="count another --workload, which starts no program",
        ) from error
    return {path: entry for path, entry in made.items() if path not in taken}


def _placed(path: str, taken: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """The file at a path and the links that lead to it; what is taken stays as it is."""
    made: dict[bytes, Entry] = {}
    todo, here = [part for part in os.fsencode(path).split(b"/") if part], b"/"
    for _ in range(_MOST_LINKS * len(todo)):
        if not todo:
            return made
        here = posixpath.normpath(posixpath.join(here, todo.pop(0)))
        entry = taken.get(here) or _as_here(here, is_last=not todo)
        if entry is None:
            continue
        made[here] = entry
        if stat.S_ISLNK(entry.mode):
            todo[:0] = [part for part in entry.data.split(b"/") if part]
            here = b"/" if entry.data.startswith(b"/") else posixpath.dirname(here)
    raise ValueError(f"{path} leads through too many links")


def _as_here(path: bytes, *, is_last: bool) -> Entry | None:
    """The link or the file at a path of this host; None for a folder on the way."""
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return link(os.readlink(path))  # noqa: PTH115 - bytes, as given
    if not is_last:
        return None
    return file(Path(os.fsdecode(path)).read_bytes(), 0o755 if mode & 0o111 else 0o644)
