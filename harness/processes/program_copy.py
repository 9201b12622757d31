"""A private copy of the running interpreter under another program's name.

Audit's `exe` filter compares device and inode, so a link to the interpreter would stand for
everything else that it runs. A copy stands for itself alone. It is started with the interpreter's
own path as its first argument, from which Python finds its modules and its virtual environment;
`exe` and `comm` of its events are those of the copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness.errors import HostUnfitError
from harness.files.scratch import place_for_programs, scratch_folder
from harness.plain import plain

_RUNNING = Path("/proc/self/exe")
_CHECK = """
import os
import workloads.running.supervisor
os.write(1, os.fsencode(os.readlink("/proc/self/exe")))
"""
_CHECK_TIMEOUT_S = 60.0


@contextmanager
def interpreter_copy(name: str, place: Path | None = None) -> Iterator[Path]:
    """Copy the interpreter to a private folder, as the program `name`; it is removed afterwards.

    `place` is the folder for the private one. HostUnfitError if the copy cannot be written, or if
    the workloads do not start from it.
    """
    with ExitStack() as stack:
        chosen = place or place_for_programs()
        try:
            copy = _copied(stack.enter_context(scratch_folder(chosen)), name)
        except OSError as error:
            raise HostUnfitError(
                f"the load's interpreter cannot be copied to {chosen} ({error.strerror})",
                remedy=f"make room on {chosen}, or leave --exclude-exe out",
            ) from None
        _require_start(copy)
        yield copy


def _copied(folder: Path, name: str) -> Path:
    """Write the copy into `folder`, which is new and its owner's alone."""
    binaries = folder / "bin"
    binaries.mkdir(mode=0o700)
    copy = binaries / name
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with _RUNNING.open("rb") as source, os.fdopen(os.open(copy, flags, 0o500), "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    # Relocatable builds of Python look for libpython in $ORIGIN/../lib.
    (folder / "lib").symlink_to(_RUNNING.resolve().parent.parent / "lib")
    return copy


def _require_start(copy: Path) -> None:
    """Start the workloads' program from the copy; HostUnfitError with the reason if that fails."""
    reason = ""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CHECK],
            executable=copy,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_CHECK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it does not answer"
    else:
        if done.returncode or os.fsdecode(done.stdout) != str(copy):
            words = done.stderr.decode(errors="replace").strip().splitlines()
            reason = words[-1] if words else f"exit code {done.returncode}"
    if reason:
        raise HostUnfitError(
            f"the load cannot run from a copy of {_RUNNING.resolve()} ({plain(reason)})",
            remedy="install auditbench with a Python that starts from a copy of its executable, "
            "such as the distribution's, or leave --exclude-exe out",
        )
