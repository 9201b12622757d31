"""Finds the program of a foreign consumer, and asks it something."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from harness.consumers.base import ConsumerAbsentError

ANSWER_TIMEOUT_S = 10.0
_SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where daemons live; the PATH of a user need not have them."""


def find_program(program: str, binary: Path | None, *, remedy: str) -> Path:
    """The program, at `binary` or on the PATH; absolute, for it is started in another folder.

    Raises ConsumerAbsentError with the remedy where it is not to be had.
    """
    if binary is not None:
        if not binary.is_file() or not os.access(binary, os.X_OK):
            raise ConsumerAbsentError(f"{binary} is not a program", remedy=remedy)
        return binary.absolute()
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SYSTEM_FOLDERS])
    found = shutil.which(program, path=folders)
    if found is None:
        raise ConsumerAbsentError(f"{program} is not on this host", remedy=remedy)
    return Path(found).absolute()


def answer_of(command: Sequence[str | Path]) -> tuple[int, str]:
    """Exit code and all that a program said; -1 and why where it could not be asked."""
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ANSWER_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return -1, str(error)
    return answer.returncode, answer.stdout.decode(errors="replace").strip()
