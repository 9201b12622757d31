"""Without libaudit: what needs no rules works, and the rest names the package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import program
from tests.support.records.audit_logs import repeated

ROOT = Path(__file__).parents[2]
STORED = "results/reference/overhead-debian12-2vcpu"
ABSENT = """\
import ctypes

class Library(ctypes.CDLL):
    def __init__(self, name, *words, **more):
        if "libaudit" in str(name):
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        super().__init__(name, *words, **more)

ctypes.CDLL = Library
"""
"""Python runs this at the start of every process: the loader finds everything but libaudit."""


@pytest.fixture
def path_without(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "first").mkdir()
    (tmp_path / "first/sitecustomize.py").write_text(ABSENT)
    return os.environ | {"PYTHONPATH": str(tmp_path / "first")}


@pytest.mark.parametrize(
    "words",
    [
        ["show", STORED],
        ["compare", f"{STORED}:no-rules", f"{STORED}:rules"],
        ["report", STORED, "--to", "md"],
        ["top", "LOG"],
    ],
    ids=lambda words: words[0],
)
def test_works(words: list[str], tmp_path: Path, path_without: dict[str, str]) -> None:
    log = tmp_path / "audit.log"
    log.write_bytes(repeated(3))
    command = [sys.executable, "-m", "auditbench", *(str(log) if w == "LOG" else w for w in words)]
    done = subprocess.run(
        command, cwd=ROOT, env=path_without, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    assert "libaudit" not in done.stderr
    assert len(done.stdout.splitlines()) > 5


@pytest.mark.parametrize(
    "words",
    [
        ["rules", "lint", "some.rules"],
        ["rules", "explain", "some.rules", "--", "true"],
        ["count", "--rules", "some.rules"],
        ["run", "--rules", "some.rules", "--dry-run"],
        ["gate", "--rules", "some.rules", "--fail", "lost:0", "--dry-run"],
        ["ab", "some.rules", "some.rules", "--dry-run"],
    ],
    ids=" ".join,
)
def test_the_rest_names_the_package(
    words: list[str], tmp_path: Path, path_without: dict[str, str]
) -> None:
    if words[0] == "count":
        program("qemu-system-x86_64")
    (tmp_path / "some.rules").write_text("-D\n-a always,exit -F arch=b64 -S connect -k net\n")
    path = path_without | {"PYTHONPATH": f"{path_without['PYTHONPATH']}:{ROOT}"}
    command = [sys.executable, "-m", "auditbench", *words]
    done = subprocess.run(
        command, cwd=tmp_path, env=path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    (line,) = done.stderr.splitlines()
    assert "libaudit.so.1 cannot be loaded" in line
    assert "apt-get install libaudit1" in line
    assert "dnf install audit-libs" in line
