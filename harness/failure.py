"""An unexpected exception as one line: what, where, which version, how to report it."""

from __future__ import annotations

import contextlib
import errno
import os
import traceback
from pathlib import Path

from harness.errors import EXIT_HOST_UNFIT, UsageError

TRACEBACK_VARIABLE = "AUDITBENCH_TRACEBACK"
"""If set to anything, the whole traceback is printed before the line."""

_ROOT = Path(__file__).resolve().parents[1]
_OURS = ("harness", "consumer", "workloads")
_SHOWN = 60
"""Characters of a path that is too long."""
_OUT_OF_MEMORY = (
    "Cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "returned NULL without setting an exception",
)
"""How the loader, fork, threads and the interpreter itself report that there is no memory."""
_NO_MEMORY_LINE = (
    b"auditbench: there is not enough memory: raise the limit (`ulimit -v`, the memory cgroup's), "
    b"or take a smaller run\n"
)


def wants_traceback() -> bool:
    """Whether the user asked for the details."""
    return bool(os.environ.get(TRACEBACK_VARIABLE))


def mistake_behind(error: BaseException) -> UsageError | None:
    """The user's mistake that any access to a file may meet, wherever that is; None for others."""
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.ENAMETOOLONG:
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "a path"
        shown = f"{name[:_SHOWN]}…" if len(name) > _SHOWN else name
        return UsageError(f"{shown} is longer than a path may be", remedy="give a shorter one")
    if error.errno == errno.ENOENT and not _has_working_folder():
        return UsageError("the working folder was removed", remedy="change into one that exists")
    return None


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - only whether it is there
    except OSError:
        return False
    return True


def is_out_of_memory(error: BaseException) -> bool:
    """Whether it means that memory ran out, by its kind or by its text or its cause's."""
    told: BaseException | None = error
    while told is not None:
        if isinstance(told, MemoryError) or any(words in str(told) for words in _OUT_OF_MEMORY):
            return True
        told = told.__cause__ or told.__context__
    return False


def say_out_of_memory(error: BaseException) -> int:
    """Report it with the least memory possible, and free what the error holds."""
    told: BaseException | None = error
    while told is not None:
        told.__traceback__ = None
        told = told.__cause__ or told.__context__
    with contextlib.suppress(OSError):
        os.write(2, _NO_MEMORY_LINE)
    return EXIT_HOST_UNFIT


def explain_failure(error: BaseException, version: str) -> str:
    """The line that a user can report; it names the innermost place in our own code."""
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return (
        f"an error of this program: {what} ({_place(error)}, auditbench {version}); please report "
        f"it where you got auditbench from, with this line, the command and what it prints with "
        f"{TRACEBACK_VARIABLE}=1"
    )


def _place(error: BaseException) -> str:
    """File and line of the innermost frame in this distribution."""
    place = "place unknown"
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _OURS:
            place = f"{path.relative_to(_ROOT)}:{frame.lineno}"
    return place
