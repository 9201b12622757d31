"""A guest whose Python runs as another program: what a rule excludes by `exe=` is then the load.

The kernel compares the file, so a link to the interpreter is the interpreter. Here it is the other
way round: the file is called by the program's name, and the interpreter's own path leads to it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from harness.guest.contents import HOME, interpreter
from harness.guest.cpio import Entry, link


def copy_of(name: str) -> Path:
    """Where a guest has its interpreter when that is to be the program `name`."""
    return Path(HOME) / "copy" / "bin" / name


def started_from(
    entries: Mapping[bytes, Entry], copy: Path, usual: Path | None = None
) -> dict[bytes, Entry]:
    """The same entries with the interpreter at `copy`, and not at `usual`, or where this one is."""
    usual = usual or interpreter()
    libraries = usual.parent.parent / "lib"
    return {
        **entries,
        os.fsencode(copy): entries[os.fsencode(usual)],
        os.fsencode(usual): link(os.fsencode(copy)),
        # From its own place Python finds its modules, and some builds their libraries.
        os.fsencode(copy.parent.parent / "lib"): link(os.fsencode(libraries)),
    }
