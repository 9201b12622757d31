"""What the build needs and does not find is named with the command that installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MANAGERS = {"apt-get": "apt-get install -y", "dnf": "dnf install -y", "zypper": "zypper install -y"}


def check(python: str, path: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "CC"} | {"PATH": path}
    return subprocess.run(
        ["/bin/sh", str(ROOT / "requirements.sh"), python],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_nothing_is_said_where_nothing_is_missing() -> None:
    done = check(sys.executable, os.environ["PATH"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("manager", MANAGERS)
def test_what_is_missing_is_named_with_the_command(manager: str, tmp_path: Path) -> None:
    # A machine with nothing but a package manager and `id`.
    for tool, target in ((manager, "/bin/true"), ("id", shutil.which("id") or "/usr/bin/id")):
        (tmp_path / tool).symlink_to(target)
    done = check("/no/such/python3", str(tmp_path))
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert MANAGERS[manager] in done.stderr
    for missing in ("python", "venv", "headers", "compiler", "libaudit"):
        assert missing in done.stderr
