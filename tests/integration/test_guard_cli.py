"""The whole command line on hosts that must not be measured: one line, exit code 4, no change.

The hosts are fake kernels (tests/fakes/fake_kernel.py), each in the process of its command.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
WORDS = {
    "--locked": "audit is locked on this host (enabled 2)",
    "--panics": "panics when an audit record is lost (failure 2)",
    "--daemon": "or use --borrow",
    "--unknown-answer": "is not understood",
}


def auditbench(flag: str, state_dir: Path, *command: str) -> subprocess.CompletedProcess[str]:
    launcher = [sys.executable, "-m", "tests.fakes.fake_kernel", flag, "--state-dir"]
    return subprocess.run(
        [*launcher, str(state_dir), "--", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


@pytest.mark.parametrize("flag", WORDS)
def test_a_host_that_must_not_be_measured_is_refused(flag: str, tmp_path: Path) -> None:
    done = auditbench(
        flag, tmp_path / "state", "run", "--fast", "--results", str(tmp_path / "results")
    )
    assert done.returncode == 4
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert WORDS[flag] in lines[-1]
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state" / "lease.json").exists()


@pytest.mark.parametrize("flag", ["--locked", "--panics", "--daemon"])
def test_such_a_host_can_still_be_looked_at(flag: str, tmp_path: Path) -> None:
    done = auditbench(flag, tmp_path / "state", "status")
    assert done.returncode == 0, done.stderr


def test_an_unknown_answer_is_one_line(tmp_path: Path) -> None:
    done = auditbench("--unknown-answer", tmp_path / "state", "status")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert WORDS["--unknown-answer"] in done.stderr
