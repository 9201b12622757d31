"""The only error of the load generators: what is wrong and what to do, in one line."""

from __future__ import annotations

import contextlib
import os
import sys

EXIT_USAGE = 2
EXIT_UNTRUSTWORTHY = 3
EXIT_HOST_UNFIT = 4
EXIT_INTERRUPTED = 5
EXIT_ERROR = 70
TRACEBACK_VARIABLE = "AUDITBENCH_TRACEBACK"


class WorkloadError(Exception):
    """A load that cannot be run as requested; `exit_code` shows whose fault it is (see above)."""

    def __init__(self, message: str, *, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code


def explain(error: Exception) -> tuple[str, int]:
    """An unexpected exception as a line and its exit code."""
    if isinstance(error, MemoryError):
        return "there is not enough memory: raise the limit, or ask for less", EXIT_HOST_UNFIT
    if isinstance(error, OSError):
        return f"the system refused: {error}", EXIT_HOST_UNFIT
    if os.environ.get(TRACEBACK_VARIABLE):
        sys.excepthook(type(error), error, error.__traceback__)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    line = (
        f"an error of this program: {what}; please report it with this line and what "
        f"{TRACEBACK_VARIABLE}=1 prints"
    )
    return line, EXIT_ERROR


def tell(line: str) -> None:
    """Print one line on standard error, if that can be written."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"workloads: {line}\n")
        sys.stderr.flush()


def drop_output() -> None:
    """Discard output that could not be written, so that it does not fail again at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
