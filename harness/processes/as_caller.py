"""Programs that need no root, run as the user who called sudo."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from harness.files.caller import caller

CANNOT_EXECUTE = 126
"""A shell's exit code for a program that may not be run."""


def run_as_caller(command: Sequence[str]) -> int:
    """Run a program as the user who called sudo, if there is one; return its exit code.

    CANNOT_EXECUTE where that user may not run it: it may lie in a folder of root's.
    """
    found = caller()
    if found is None:
        return subprocess.call(command)
    try:
        return subprocess.call(
            command,
            user=found.uid,
            group=found.gid,
            extra_groups=found.groups,
            env={**os.environ, "HOME": found.home, "USER": found.name, "LOGNAME": found.name},
        )
    except PermissionError:
        return CANNOT_EXECUTE
