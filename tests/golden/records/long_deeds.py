"""Makes the longest records: names of files, programs and folders of 4 KiB that are written as hex.

Started by record.py like deeds.py.
"""

# Each os call is the one system call that is wanted.
# ruff: noqa: PTH102, PTH104, PTH108
from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

NAME = "n " * 120
DEPTH = 16


def descend(depth: int) -> None:
    """Make folders within each other and go there."""
    for _ in range(depth):
        os.mkdir(NAME)
        os.chdir(NAME)


def long_names() -> None:
    """A path that is almost too long, one that is, and files in a folder of a long name."""
    path = "/".join([NAME] * 17)
    for name in (path[:4095], path + "x" * 100, "file", NAME + "'"):
        with suppress(OSError):
            os.close(os.open(name, os.O_RDWR | os.O_CREAT))
    os.rename("file", "other")


def long_program() -> None:
    """A program whose name fills a record, with arguments that fill others."""
    shutil.copy("/bin/true", "program " + "p" * 60)
    child = os.fork()
    if child == 0:
        os.execv("program " + "p" * 60, ["x", "", "a b" * 4000, "c" * 7400, "d" * 40])
    os.waitpid(child, 0)


def watched_again() -> None:
    """A watched file goes and comes."""
    for _ in range(2):
        Path("/tmp/golden-watched").touch()
        os.rename("/tmp/golden-watched", "/tmp/golden-moved")
        os.rename("/tmp/golden-moved", "/tmp/golden-watched")
        os.unlink("/tmp/golden-watched")


if __name__ == "__main__":
    Path("/proc/self/loginuid").write_text(sys.argv[1])
    sys.stdin.readline()
    top = tempfile.mkdtemp()
    os.chdir(top)
    descend(DEPTH)
    for deed in (long_names, long_program, watched_again):
        deed()
    os.chdir("/")
    shutil.rmtree(top)
