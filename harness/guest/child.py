"""Programs that a guest is prepared with, and that it runs in: none outlives this process."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from consumer.parent import die_with_parent
from harness.errors import HostUnfitError

TIMEOUT_S = 600.0
"""None takes a minute; on a crowded machine, or a slow line, some minutes."""


def run_child(
    command: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    stdout: int = subprocess.PIPE,
    most_bytes: int | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, and take what it prints; HostUnfitError if it does not end.

    `stdout` is a file to print to instead. One that writes a file of more than `most_bytes` is
    ended by that.
    """
    limit = None if most_bytes is None else (most_bytes, most_bytes)
    follow = die_with(os.getpid())

    def prepare() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        follow()

    try:
        return subprocess.run(
            command,
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            check=False,
            process_group=0,
            preexec_fn=prepare,
        )
    except subprocess.TimeoutExpired:
        raise HostUnfitError(
            f"{command[0]} did not end within {TIMEOUT_S:.0f} s", remedy="run it again"
        ) from None


def last_words(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of what a program complained of; its exit code if it did not."""
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"


def die_with(parent: int) -> Callable[[], None]:
    """What a child does before its program starts: it is to be killed when `parent` dies."""

    def follow() -> None:
        die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return follow
