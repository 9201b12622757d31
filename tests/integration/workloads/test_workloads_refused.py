"""Bad input: one line, the right exit code, and under --control an error event as well."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.loads import load_command, refused_load
from workloads.catalog import WORKLOADS


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["nope"], 2, "choose " + ", ".join(WORKLOADS)),
        ([], 2, "choose "),
        (["udp", "--ops", 0], 2, "--ops"),
        (["udp", "--frobnicate"], 2, "--frobnicate"),
        (["shells", "--program", "/etc/passwd"], 2, "is not executable"),
        (["shells", "--program", "/nowhere"], 2, "there is no program /nowhere"),
        (["command"], 2, "needs something to run"),
        (["command", "--", "no-such-program"], 2, "there is no program no-such-program"),
        (["osquery-stress", "-n", 13], 2, "from 1 to 12"),
        (["osquery-stress", "--rate", 5], 2, "no --rate"),
        (["osquery-stress", "-n", 2, "--busy-ns", 5], 2, "takes no --busy-ns"),
        (["udp", "--busy-ns", 0], 2, "a time in ns from 1"),
    ],
)
def test_one_line(words: list[object], code: int, complaint: str) -> None:
    found, line = refused_load(*words)
    assert found == code
    assert line.startswith("workloads: ")
    assert complaint in line


def test_no_place_for_files(tmp_path: Path) -> None:
    code, line = refused_load("files", env={**os.environ, "TMPDIR": str(tmp_path / "none")})
    assert code == 4
    assert "TMPDIR" in line


def test_control_tells_it_on_both_channels() -> None:
    done = subprocess.run(
        load_command("shells", "--program", "/nowhere", "--control"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["exit_code"], done.returncode) == ("error", 2, 2)
    assert done.stderr == f"workloads: {told['message']}\n"
