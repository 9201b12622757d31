"""A daemon in a guest's root: its programs, each startable by one file, and what any daemon needs.

A program starts with its own loader and libraries, as one that `make consumers` got does on a host.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from harness.guest.cpio import Entry, file, folder, link, with_parents
from harness.guest.daemons.gather import Gathered
from harness.guest.programs import program_entries
from workloads.running.programs import SHELL

HOME: Final = "/auditbench/daemons"
_LOADED: Final = """\
#!/bin/sh
# The loader bears the program's name, so that the process does.
exec '{place}/run/{program}' --library-path '{place}/lib' '{place}/programs/{program}' "$@"
"""
_STATIC: Final = """\
#!/bin/sh
exec '{place}/programs/{program}' "$@"
"""
_ACCOUNTS: Final = {"/etc/passwd": b"root:x:0:0::/root:/bin/sh\n", "/etc/group": b"root:x:0:\n"}


def programs_folder(number: int) -> str:
    """Where the programs of a daemon are that is started by its number in a run."""
    return f"{HOME}/{number}/bin"


def daemon_entries(
    daemons: Mapping[int, Gathered], taken: Mapping[bytes, Entry]
) -> dict[bytes, Entry]:
    """The entries of daemons by their numbers, and what all of them need, beside those taken."""
    made = {os.fsencode(path): entry for number, daemon in daemons.items()
            for path, entry in _of(f"{HOME}/{number}", daemon).items()}  # fmt: skip
    for daemon in daemons.values():
        made |= {os.fsencode(path): file(data, 0o755) for path, data in daemon.files.items()}
    made |= {os.fsencode(path): file(text) for path, text in _ACCOUNTS.items()}
    made |= {b"/run": folder(), b"/var/log": folder(), b"/var/run": link(b"/run")}
    there = with_parents(taken)
    made = {path: entry for path, entry in made.items() if path not in there}
    return made | program_entries(SHELL, {**taken, **made})


def _of(place: str, daemon: Gathered) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for name, program in daemon.programs.items():
        script = _LOADED if program.loader else _STATIC
        entries[f"{place}/bin/{name}"] = file(
            script.format(place=place, program=name).encode(), 0o755
        )
        entries[f"{place}/programs/{name}"] = file(program.data, 0o755)
        if program.loader:
            entries[f"{place}/run/{name}"] = file(daemon.libraries[program.loader], 0o755)
    for name, data in daemon.libraries.items():
        entries[f"{place}/lib/{name}"] = file(data, 0o755)
    return entries
