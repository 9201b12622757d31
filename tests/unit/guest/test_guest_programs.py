"""A program in a guest: it and its libraries lie where they lie here, links included."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.guest.cpio import Entry, folder, with_parents, write_archive
from harness.guest.elf import libraries_of
from harness.guest.programs import program_entries, programs_of
from workloads.running.programs import SHELL, shell_path


def resolved(path: str, entries: dict[bytes, Entry]) -> Entry:
    """What a guest with these entries finds at a path."""
    todo, here = [part for part in os.fsencode(path).split(b"/") if part], b"/"
    whole = with_parents(entries)
    while todo:
        here = os.path.normpath(os.path.join(here, todo.pop(0)))  # noqa: PTH118 - bytes
        entry = whole[here]
        if stat.S_ISLNK(entry.mode):
            todo[:0] = [part for part in entry.data.split(b"/") if part]
            here = b"/" if entry.data.startswith(b"/") else os.path.dirname(here)  # noqa: PTH120
    return whole[here]


def test_only_loads_that_start_a_program_need_one() -> None:
    assert programs_of(("syscalls", "connect", "files", "udp")) == ()
    assert programs_of(("syscalls", "shells")) == (SHELL,)


def test_the_shell_is_found_by_the_same_path_as_here() -> None:
    entries = program_entries(SHELL, {})
    shell = resolved(SHELL, entries)
    assert shell.data == Path(SHELL).read_bytes()
    assert shell.mode & 0o111
    assert stat.S_ISREG(entries[os.fsencode(shell_path())].mode), "a rule's exe= names the file"
    write_archive(entries)


def test_its_libraries_are_found_by_the_same_paths_as_here() -> None:
    entries = program_entries(SHELL, {})
    for library in libraries_of(Path(SHELL)).values():
        assert resolved(str(library), entries).data == library.read_bytes()


def test_what_is_there_already_stays_and_is_no_link() -> None:
    """The loader of Python lies in a folder that may be a link here."""
    loader = next(str(p) for p in libraries_of(Path(SHELL)).values() if "ld-" in p.name)
    place = os.fsencode(os.path.dirname(loader))  # noqa: PTH120 - bytes
    entries = program_entries(SHELL, {place: folder()})
    assert place not in entries
    write_archive({place: folder(), **entries})


def test_a_program_that_is_none_is_told_by_its_name(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    with pytest.raises(HostUnfitError, match="script cannot be given to a guest"):
        program_entries(str(script), {})
