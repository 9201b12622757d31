"""The sample rules repository run by a user without root: skipped, each with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.privilege import AS_NOBODY, unprivileged

SAMPLE = ROOT / "docs/examples/rules-repository"


def run_as_user(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As nobody where we are root, else as who we are."""
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-rs", *words]
    return subprocess.run(
        [*unprivileged(AS_NOBODY), *command],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that the other user may enter and read."""
    top = tmp_path_factory.mktemp("sample")
    copied = shutil.copytree(SAMPLE, top / "rules-repository")
    for path in (copied, *copied.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)
    return Path(copied)


def test_it_skips_with_the_reason(sample: Path) -> None:
    done = run_as_user(sample, f"--basetemp={sample / 'tmp'}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 skipped" in done.stdout
    assert "audit" in next(line for line in done.stdout.splitlines() if "SKIPPED" in line)
    assert "Traceback" not in done.stdout


def test_a_bad_rule_is_found_without_root(sample: Path) -> None:
    (sample / "rules/base.rules").write_text("-a always,exit -S conect\n", encoding="utf-8")
    done = run_as_user(sample, f"--basetemp={sample / 'tmp'}", "-k", "programs")
    assert done.returncode == 1
    assert "base.rules:1" in done.stdout
