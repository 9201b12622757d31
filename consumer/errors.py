"""The errors that a user of the consumer sees: one line with the remedy, and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys

EXIT_USAGE = 2
EXIT_HOST_UNFIT = 4
EXIT_INTERRUPTED = 5
EXIT_ERROR = 70
TRACEBACK_VARIABLE = "AUDITBENCH_TRACEBACK"


class ConsumerError(Exception):
    """Raised where the reason is known, caught once in `__main__`."""

    exit_code = EXIT_USAGE

    def __init__(self, what: str, remedy: str) -> None:
        self.line = " ".join(f"{what}: {remedy}".split())
        super().__init__(self.line)


class UsageError(ConsumerError):
    """The command line asks for something that cannot be done."""


class HostUnfitError(ConsumerError):
    """The host, or this user's privilege on it, does not allow it."""

    exit_code = EXIT_HOST_UNFIT


def tell(line: str) -> None:
    """Print one line on standard error, if that can be written."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"consumer: {line}\n")
        sys.stderr.flush()


def tell_unexpected(error: Exception) -> int:
    """Report an unexpected exception in one line; return its exit code."""
    if isinstance(error, MemoryError):
        tell("there is not enough memory: raise the limit, or read less at once")
        return EXIT_HOST_UNFIT
    if isinstance(error, OSError):
        tell(f"the system refused: {error.strerror or error}")
        return EXIT_HOST_UNFIT
    if os.environ.get(TRACEBACK_VARIABLE):
        sys.excepthook(type(error), error, error.__traceback__)
    what = " ".join(f"{type(error).__name__}: {error}".split())
    tell(
        f"an error of this program: {what}; please report it with this line and what "
        f"{TRACEBACK_VARIABLE}=1 prints"
    )
    return EXIT_ERROR


def drop_output() -> None:
    """Discard output that could not be written, so that it does not fail again at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
