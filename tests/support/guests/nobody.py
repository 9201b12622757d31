"""The command line by a user without root and without capabilities on audit, in a folder of his."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE_S
from tests.support.privilege import AS_NOBODY, unprivileged


def start_as_nobody(folder: Path, *words: str) -> subprocess.Popen[str]:
    """`auditbench` as nobody where we are root, else as who we are; it keeps kernels there."""
    return subprocess.Popen(
        [*unprivileged(AS_NOBODY), sys.executable, "-P", "-m", "harness", *words],
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_as_nobody(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same to its end."""
    process = start_as_nobody(folder, *words)
    output, errors = process.communicate(timeout=PATIENCE_S)
    return subprocess.CompletedProcess(words, process.returncode, output, errors)
