"""The errors, as types: one line with the remedy, and the exit code.

Raise where the reason is known; catch once, in the command line (`harness/cli.py`). The meaning of
the codes is in `EXIT_CODES` (for `--help`) and in docs/exit-codes.md.
"""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Iterable, Sequence

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
    EXIT_REGRESSION: "a limit is exceeded, something is worse or missing, or rules have findings",
    EXIT_USAGE: "the request cannot be carried out: usage, damaged input, a missing program",
    EXIT_UNTRUSTWORTHY: "inconclusive, or untrustworthy",
    EXIT_HOST_UNFIT: "the host is unfit, or does not allow it",
    EXIT_INTERRUPTED: "stopped; the host's audit state is as before",
    EXIT_ERROR: "an error of this program",
}

DISTRIBUTION = "auditbench"

MOST_FAULTS = 20
"""Of so many bad lines each is printed; the others are counted."""
MOST_NEAR, LEAST_LIKENESS = 3, 0.7
"""How many names are suggested for a mistyped one, and how alike they must be, of 1."""
LEAST_PART = 4
"""A word of so many letters is also taken for a part of a name: `laurel` for `auditd-laurel`."""


def one_of(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """The remedy for a name that nothing has: the names like it, then all there are.

    `otherwise` ends the list: what else may be given in the place of such a name.
    """
    names = list(known)
    near = near_names(name, names)
    listed = f"one of {', '.join(names)}{otherwise}"
    return f"{did_you_mean(near)} Otherwise {listed}" if near else listed


def did_you_mean(names: Sequence[str]) -> str:
    """The question for at least one name: `did you mean rules, rate or record?`."""
    *first, last = names
    return f"did you mean {', '.join(first)} or {last}?" if first else f"did you mean {last}?"


def near_names(name: str, known: Iterable[str]) -> list[str]:
    """The names that a mistyped one may mean, the likeliest first; at most three.

    First those of the same letters (`upd` for `udp`), then the only one that begins like it.
    """
    names = {each.lower(): each for each in known}
    word = name.lower()
    swapped = [each for each in names if sorted(each) == sorted(word)]
    begun = [each for each in names if len(word) >= LEAST_PART and each.startswith(word)]
    found = difflib.get_close_matches(word, names, n=MOST_NEAR, cutoff=LEAST_LIKENESS)
    parts = (each for each in names if len(word) >= LEAST_PART and word in re.split("[-+]", each))
    likely = (*swapped, *(begun if len(begun) == 1 else ()), *found, *parts)
    return [names[each] for each in dict.fromkeys(likely)][:MOST_NEAR]


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

    def lines(self) -> tuple[str, ...]:
        """The error as it is printed: one line, or one per fault where there are several."""
        return (self.one_line(),)


class UsageError(AuditbenchError):
    """The command line, a plan or a rule file asks for something that cannot be done."""

    exit_code = EXIT_USAGE


class ManyFaultsError(UsageError):
    """At least one fault of the user's files, all told in one go, each on its own line."""

    def __init__(self, faults: Sequence[UsageError]) -> None:
        self.faults = tuple(faults)
        super().__init__(faults[0].what, remedy=faults[0].remedy)

    def lines(self) -> tuple[str, ...]:
        """The first faults, a line each, and how many more there are."""
        told = [fault.one_line() for fault in self.faults[:MOST_FAULTS]]
        more = len(self.faults) - MOST_FAULTS
        return (
            (*told, f"and {more} more bad {'line' if more == 1 else 'lines'}")
            if more > 0
            else tuple(told)
        )


class MissingExtraError(UsageError):
    """What was asked for needs a package that only an extra of this distribution brings.

    `otherwise` is what to do instead. Where the environment has no pip (the Debian package, the one
    file), nothing can be added to it.
    """

    def __init__(self, what: str, package: str, extra: str, *, otherwise: str = "") -> None:
        wanted = f"'{DISTRIBUTION}[{extra}]'"
        remedy = (
            f"pip install {wanted}"
            if importlib.util.find_spec("pip")
            else f"install {wanted} into an environment of its own, as docs/install.md tells"
        )
        alternative = f", or {otherwise}" if otherwise else ""
        super().__init__(
            f"{what} needs {package}, which is not installed", remedy=remedy + alternative
        )


class UntrustworthyError(AuditbenchError):
    """Something was measured, but it is not trustworthy."""

    exit_code = EXIT_UNTRUSTWORTHY


class HostUnfitError(AuditbenchError):
    """The host, or the privilege on it, does not allow the measurement."""

    exit_code = EXIT_HOST_UNFIT


class NotGivenBackError(HostUnfitError):
    """Something of the host's audit state could not be given back: no reason to go on without."""


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
