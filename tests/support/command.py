"""Running `auditbench` as a user does: as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.patience import PATIENCE_S
from tests.support.prepared.command import prepared, read_at_start

ROOT = Path(__file__).parents[2]
STORING = {"run", "ab", "gate", "count", "size", "capacity"}
"""Verbs that store their command line, which the program reads when it is loaded."""


def auditbench(
    *words: object, cwd: Path, timeout_s: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Run one command line to its end: a process that need not load the program, where it may."""
    if words[:1] and words[0] not in STORING:
        ready = prepared()
        if ready.read == read_at_start(os.environ):
            return ready.run([*map(str, words)], cwd, timeout_s)
    return subprocess.run(
        [sys.executable, "-P", "-m", "harness", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def auditbench_json(
    *words: object, cwd: Path, timeout_s: float = PATIENCE_S, code: int = 0
) -> dict[str, Any]:
    """Run one command line with `--json`; its document, which must be there."""
    verb, *rest = words
    done = auditbench(verb, "--json", *rest, cwd=cwd, timeout_s=timeout_s)
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def in_a_shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash, for redirections and limits; `{python}` in it is this interpreter."""
    return subprocess.run(
        ["bash", "-c", script.replace("{python}", f"{sys.executable} -P")],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
    )


def start_auditbench(*words: object, cwd: Path) -> subprocess.Popen[bytes]:
    """Start one command line and go on; its output goes nowhere."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "harness", *map(str, words)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def assert_one_line(done: subprocess.CompletedProcess[str], code: int, *expected: str) -> None:
    """The command failed with this exit code and one line that has these words in it."""
    assert done.returncode == code, f"exit code {done.returncode}: {done.stderr}"
    lines = [line for line in done.stderr.splitlines() if line.startswith("auditbench: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for words in expected:
        assert words in lines[0], lines[0]
