"""The lease on the host's audit, as a run takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from harness.errors import HostUnfitError, NotGivenBackError
from harness.kernel.lease.lease import Lease, take_lease
from harness.kernel.lease.lock import Holder
from harness.plain import plain
from harness.run.request import Conduct

Say = Callable[[str], None]
"""Takes a line for the user."""


class NoAuditError(HostUnfitError):
    """This host's audit is not available; nothing was changed or measured."""


@contextmanager
def borrow_audit(conduct: Conduct, say: Say) -> Iterator[Lease]:
    """Take the lease; NoAuditError if it is refused, unlike errors of the run under it.

    NotGivenBackError where an earlier run's state is not given back: that is told only once.
    """
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(
                take_lease(
                    command=plain(" ".join(conduct.argv)) or "auditbench run",
                    borrow=conduct.borrow,
                    wait=conduct.wait,
                    on_wait=_WaitNotice(say),
                )
            )
        except NotGivenBackError:
            raise
        except HostUnfitError as error:
            raise NoAuditError(error.what, remedy=error.remedy) from error
        yield lease


class _WaitNotice:
    """Reports once which run this run waits for; the lock calls it ten times a second."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = False

    def __call__(self, holder: Holder | None, waited_s: float) -> None:
        if not self._said:
            who = holder.describe() if holder is not None else "another run"
            self._say(f"waiting for {plain(who)} to end")
            self._said = True
