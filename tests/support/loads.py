"""Running load generators as the harness does: as processes that speak JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.programs import program
from workloads.catalog import WORKLOADS

Document = dict[str, Any]


def load_command(*words: object) -> list[str]:
    """The command line of one load."""
    return [sys.executable, "-P", "-m", "workloads", *map(str, words)]


def run_load(*words: object, pass_fds: Sequence[int] = ()) -> Document:
    """Run one load to its end without the control protocol; its document."""
    done = subprocess.run(
        load_command(*words), capture_output=True, text=True, check=False, pass_fds=pass_fds
    )
    assert done.returncode == 0, done.stderr
    document: Document = json.loads(done.stdout)
    return document


def refused_load(*words: object, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a load that must be refused; its exit code and its one line."""
    done = subprocess.run(
        load_command(*words),
        capture_output=True,
        text=True,
        check=False,
        env=env,
        timeout=PATIENCE_S,
    )
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return done.returncode, line


class Controlled:
    """A load under the control protocol; `ready` is what it said first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.ready = self.listen()

    def listen(self) -> Document:
        """The next line of the load."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the load ended without a word"
        document: Document = json.loads(line)
        return document

    def say(self, command: str) -> None:
        """Sends one command."""
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def hang_up(self) -> None:
        """Closes its standard input, as the harness's death does."""
        assert self.process.stdin is not None
        self.process.stdin.close()


@contextmanager
def controlled_load(*words: object, pass_fds: Sequence[int] = ()) -> Iterator[Controlled]:
    """A load that has said its first line; killed at the end if it still runs."""
    with subprocess.Popen(
        load_command(*words, "--control"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=pass_fds,
    ) as process:
        try:
            yield Controlled(process)
        finally:
            process.kill()


CALL = re.compile(r"^\d+ +(\w+)\(")
LOADS: dict[str, list[str]] = {
    name: [] for name, info in WORKLOADS.items() if info.yields and name != "osquery-stress"
}
LOADS["osquery-stress"] = ["-n", "2"]
"""The options of each load whose calls are known."""


def traced(name: str, ops: int, place: Path, *options: str) -> list[str]:
    """The lines of strace on one load; the test is skipped where nothing can be traced."""
    trace = place / f"{name}-{ops}"
    words = load_command(name, "--ops", ops, "--no-session", *LOADS[name], *options)
    done = subprocess.run(
        [program("strace"), "-f", "-qq", "-e", "signal=none", "-o", str(trace), *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and "ptrace" in done.stderr.lower():
        pytest.skip("nothing can be traced here")
    assert done.returncode == 0, done.stderr
    return trace.read_text().splitlines()
