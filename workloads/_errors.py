"""The one error of the load generators: what is wrong and what to do, in one line."""

from __future__ import annotations

EXIT_USAGE = 2
EXIT_UNTRUSTWORTHY = 3
EXIT_HOST_UNFIT = 4
EXIT_INTERRUPTED = 5


class WorkloadError(Exception):
    """A load that cannot be run as asked; `exit_code` says whose fault it is (see above)."""

    def __init__(self, message: str, *, exit_code: int = EXIT_USAGE) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code
