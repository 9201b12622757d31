"""Logs that cannot be read: one line that names them, and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S


@pytest.mark.parametrize("program", ["harness top", "consumer.log"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # The first page of a process is mapped nowhere: opening works and reading fails.
        ("/proc/self/mem", "'/proc/self/mem' cannot be read (Input/output error)"),
        ("- <&-", "standard input is closed"),
    ],
)
def test_a_log_that_cannot_be_read_is_named(
    program: str, words: str, expected: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -P -m {program} {words}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
