"""The libraries that a program needs, read from real files and from damaged ones."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.guest.elf import NotElfError, find_library, libraries_of, read_needs
from tests.support.callers import as_attacker
from tests.support.programs import compiler

PYTHON = Path(sys.executable).resolve()


def test_this_python_needs_the_c_library_and_a_loader() -> None:
    found = libraries_of(PYTHON)
    assert any(name.startswith("libc.so") for name in found)
    assert any(name.startswith("/") and "ld-linux" in name for name in found)
    assert all(path.is_file() for path in found.values())


def test_an_extension_has_no_loader_of_its_own(tmp_path: Path) -> None:
    built = _library(tmp_path, "libalone.so", "int alone(void) { return 1; }")
    assert read_needs(built.read_bytes()).interpreter == ""


def test_libraries_of_libraries_are_found_where_they_ask(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    inner = _library(below, "libinner.so", "int inner(void) { return 1; }")
    outer = _library(
        tmp_path,
        "libouter.so",
        "int inner(void); int outer(void) { return inner(); }",
        f"-L{below}", "-linner", "-Wl,-rpath,$ORIGIN/below", "-Wl,--no-as-needed",
    )  # fmt: skip
    assert libraries_of(outer)["libinner.so"] == inner


def test_a_library_that_is_nowhere_is_named(tmp_path: Path) -> None:
    _library(tmp_path, "libgone.so", "int gone(void) { return 1; }")
    user = _library(
        tmp_path, "libuser.so", "int gone(void); int user(void) { return gone(); }",
        f"-L{tmp_path}", "-lgone", "-Wl,--no-as-needed",
    )  # fmt: skip
    with pytest.raises(HostUnfitError, match=r"libgone\.so"):
        libraries_of(user)
    assert find_library("libgone.so", [str(tmp_path)]) == tmp_path / "libgone.so"


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(60)])
def test_what_is_no_elf_file_is_refused(data: bytes) -> None:
    with pytest.raises(NotElfError):
        read_needs(data)


def test_damaged_headers_end_in_the_same_error() -> None:
    whole = PYTHON.read_bytes()[:4096]
    chance = random.Random(7)
    for _ in range(300):
        data = bytearray(whole[: chance.randrange(64, len(whole))])
        for _ in range(8):
            data[chance.randrange(6, len(data))] = chance.randrange(256)
        try:
            read_needs(bytes(data))
        except NotElfError:
            continue


def _library(folder: Path, name: str, source: str, *options: str) -> Path:
    cc = compiler()
    assert shutil.which(cc)
    (folder / "source.c").write_text(source)
    built = folder / name
    command = [cc, "-shared", "-fPIC", "-o", str(built), str(folder / "source.c"), *options]
    subprocess.run(command, check=True, capture_output=True)
    return built


def test_a_folder_that_is_closed_to_the_user_has_nothing(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "libclosed.so").touch()
    assert find_library("libclosed.so", [str(closed)]) == closed / "libclosed.so"
    closed.chmod(0)

    def look() -> None:
        assert find_library("libclosed.so", [str(closed)]) is None

    if os.geteuid() == 0:
        as_attacker(look)
    else:
        look()
    closed.chmod(0o700)
