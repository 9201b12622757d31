"""What can go wrong for the user of the consumer: one line with the remedy, and an exit code."""

from __future__ import annotations

EXIT_USAGE = 2
EXIT_HOST_UNFIT = 4


class ConsumerError(Exception):
    """Raised where the reason is known, caught once in `__main__`."""

    exit_code = EXIT_USAGE

    def __init__(self, what: str, remedy: str) -> None:
        self.line = " ".join(f"{what}: {remedy}".split())
        super().__init__(self.line)


class UsageError(ConsumerError):
    """The command line asks for something that cannot be done."""


class HostUnfitError(ConsumerError):
    """The host, or what this user may do on it, does not allow it."""

    exit_code = EXIT_HOST_UNFIT
