"""Which program is spawned, and what is certain of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workloads.catalog import WORKLOADS
from workloads.errors import WorkloadError
from workloads.running.programs import find_program, program_yields, user_program


def make_program(folder: Path, name: str, mode: int = 0o755) -> Path:
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(mode)
    return program


def test_a_bare_name_is_found_in_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "tool").mkdir()  # a directory is not a program
    (tmp_path / "second").mkdir()
    program = make_program(tmp_path / "second", "tool")
    monkeypatch.setenv("PATH", f"{tmp_path}/first{os.pathsep}{tmp_path}/second")
    assert find_program("tool") == str(program)


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    program = make_program(tmp_path, "tool")
    assert find_program(str(program)) == str(program)


def test_links_are_followed_in_what_is_told(tmp_path: Path) -> None:
    program = make_program(tmp_path, "tool")
    link = tmp_path / "link"
    link.symlink_to(program)
    assert user_program([str(link)])[1] == str(program.resolve())


def test_missing_and_not_executable_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="there is no program /nowhere/tool"):
        find_program("/nowhere/tool")
    with pytest.raises(WorkloadError, match="there is no program no-such-tool"):
        find_program("no-such-tool")
    with pytest.raises(WorkloadError, match="is not executable"):
        find_program(str(make_program(tmp_path, "data", 0o600)))
    with pytest.raises(WorkloadError, match="is not executable"):
        find_program(str(tmp_path))


def test_nothing_is_certain_of_an_unknown_program() -> None:
    usual = WORKLOADS["shells"].yields
    assert program_yields(usual, "/usr/bin/python3") == {}
    assert program_yields(usual, "/usr/bin/true") == dict(usual)
