"""The guard seen from the harness: its start, and the pipe whose end tells it of our death.

The guard itself is in `guard.py`, which runs in its own process.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError
from harness.kernel.client import SocketFactory
from harness.kernel.lease.guard import DISMISS, READY, RESISTED
from harness.kernel.lease.restore import TOKEN_VARIABLE
from harness.kernel.lease.state_dir import StateDir

_START_TIMEOUT_S: Final = 15.0
_END_TIMEOUT_S: Final = 2.0
_ROOT: Final = Path(__file__).resolve().parents[2]

_all: Final[weakref.WeakSet[GuardProcess]] = weakref.WeakSet()


class GuardProcess:
    """A running guard. Its pipe is closed in forked children, or they would hold it open."""

    def __init__(self, state: StateDir, lock: int, socket_factory: SocketFactory) -> None:
        """Start the guard and wait until it is ready; HostUnfitError if it does not come up.

        `lock` is the descriptor of the run's lock, which the guard keeps open.
        `socket_factory` makes the guard's own connection to the kernel.
        """
        audit = socket_factory()
        control, self._control = os.pipe()
        answers, ready = os.pipe()
        harness = _pidfd_of_self()
        inherited = [control, ready, audit.fileno(), harness, lock]
        try:
            self._process = _spawn(state, inherited)
        except OSError as error:
            os.close(self._control)
            os.close(answers)
            raise HostUnfitError(f"the guard cannot be started ({error.strerror})") from None
        finally:
            os.close(control)
            os.close(ready)
            audit.close()
            if harness >= 0:
                os.close(harness)
        _all.add(self)
        self._await_ready(answers)

    @property
    def pid(self) -> int:
        """The guard's process."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether the guard still watches."""
        return self._process.poll() is None

    def dismiss(self) -> None:
        """Tell the guard that all is restored, and wait until it has ended."""
        if self._control < 0:
            return
        with contextlib.suppress(BrokenPipeError):
            os.write(self._control, DISMISS)
        self.disown()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:  # it may be stopped; it has nothing left to do
            self._process.kill()
            self._process.wait()

    def disown(self) -> None:
        """Close our end of the pipe. Without `dismiss` before, the guard takes us for dead."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1

    def _await_ready(self, answers: int) -> None:
        try:
            poller = select.poll()
            poller.register(answers, select.POLLIN)
            answer = os.read(answers, 4096) if poller.poll(_START_TIMEOUT_S * 1000) else b""
        finally:
            os.close(answers)
        if answer != READY:
            self._process.kill()
            self._process.wait()
            self.disown()
            why = answer[1:].decode(errors="replace") or "it did not say that it is ready"
            raise HostUnfitError(f"the guard did not start ({why})", remedy="nothing was changed")


def _spawn(state: StateDir, descriptors: list[int]) -> subprocess.Popen[bytes]:
    """Start the guard's process with signals blocked until its handlers are set."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, RESISTED)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "harness.kernel.lease.guard", str(state.path)]
            + [str(descriptor) for descriptor in descriptors],
            pass_fds=[descriptor for descriptor in descriptors if descriptor >= 0],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            start_new_session=True,
        )
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _pidfd_of_self() -> int:
    try:
        return os.pidfd_open(os.getpid())
    except OSError:  # before Linux 5.3 the pipe alone must do
        return -1


def _environment() -> dict[str, str]:
    """Our environment with this copy of the harness first in the path, for the guard to use.

    Without the lease's token: the guard ends the processes that carry it.
    """
    path = os.environ.get("PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    return {**inherited, "PYTHONPATH": f"{_ROOT}{os.pathsep}{path}" if path else str(_ROOT)}


def _close_in_child() -> None:
    for guard in list(_all):
        guard.disown()


os.register_at_fork(after_in_child=_close_in_child)
