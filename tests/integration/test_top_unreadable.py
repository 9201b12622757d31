"""Logs that cannot be read: one line that names them, and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import in_a_shell


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
    done = in_a_shell(f"{{python}} -m {program} {words}", tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1
