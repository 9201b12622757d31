"""The errors, as types: one line with the remedy, and the exit code.

Raise where the reason is known; catch once, in the command line (`harness/cli.py`). The meaning of
the codes is in `EXIT_CODES` (for `--help`) and in docs/exit-codes.md.
"""

from __future__ import annotations

EXIT_FINE = 0
EXIT_REGRESSION = 1
EXIT_USAGE = 2
EXIT_UNTRUSTWORTHY = 3
EXIT_HOST_UNFIT = 4
EXIT_INTERRUPTED = 5
EXIT_ERROR = 70
"""An error of this program: sysexits.h calls it EX_SOFTWARE. Python's own code for it would be 1,
which here means that a limit is exceeded."""

EXIT_CODES = {
    EXIT_FINE: "fine",
    EXIT_REGRESSION: "a limit is exceeded, something is worse, or rule files have findings",
    EXIT_USAGE: "the request cannot be carried out: usage, damaged input, a missing program",
    EXIT_UNTRUSTWORTHY: "inconclusive, or untrustworthy",
    EXIT_HOST_UNFIT: "the host is unfit, or does not allow it",
    EXIT_INTERRUPTED: "stopped; the host's audit state is as before",
    EXIT_ERROR: "an error of this program",
}


class AuditbenchError(Exception):
    """The base of every error a user may see.

    `what` says what is wrong and where, `remedy` what to do about it; both are joined into
    one line. Subclasses set the exit code.
    """

    exit_code = EXIT_USAGE

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what = " ".join(what.split())
        self.remedy = " ".join(remedy.split())
        super().__init__(self.one_line())

    def one_line(self) -> str:
        """The error as the user reads it: `what: remedy` without line breaks."""
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


class UsageError(AuditbenchError):
    """The command line, a plan or a rule file asks for something that cannot be done."""

    exit_code = EXIT_USAGE


class UntrustworthyError(AuditbenchError):
    """Something was measured, but it is not trustworthy."""

    exit_code = EXIT_UNTRUSTWORTHY


class HostUnfitError(AuditbenchError):
    """The host, or the privilege on it, does not allow the measurement."""

    exit_code = EXIT_HOST_UNFIT


class KernelAnswerError(HostUnfitError):
    """The kernel refused a request or answered in a way that is not understood.

    `errno` is the kernel's error number, 0 if the answer itself was malformed.
    """

    def __init__(self, what: str, *, errno: int = 0, remedy: str = "") -> None:
        super().__init__(what, remedy=remedy)
        self.errno = errno


class InterruptedRunError(AuditbenchError):
    """The user stopped the run; what was measured is kept and the host is restored."""

    exit_code = EXIT_INTERRUPTED
