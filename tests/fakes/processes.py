"""Lease holders on the running kernel as processes, to be killed by kernel tests."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.kernel.lease.lock import holder_of
from harness.processes.identity import identify, wait_gone
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """One lease holder, to be killed."""

    def __init__(self, state_dir: Path, *flags: str) -> None:
        self._lock = state_dir / "lock"
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.lease_holder", str(state_dir), *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
        )

    def wait_until(self, moment_s: float) -> None:
        """Sleep until so many seconds after the start."""
        time.sleep(max(0.0, self._started + moment_s - time.monotonic()))

    def guards(self) -> list[int]:
        """The guards that the holder has started and that still run."""
        pids = []
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        with contextlib.suppress(OSError):
            for pid in map(int, children.read_text().split()):
                with contextlib.suppress(OSError):
                    if b"harness.kernel.lease.guard" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        pids.append(pid)
        return pids

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> None:
        """Wait until the run and its guard are gone."""
        self.process.wait(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while holder_of(self._lock) is not None:
            assert time.monotonic() < deadline, "the guard does not end"
            time.sleep(0.002)


def kill(pids: list[int]) -> None:
    """Kill processes and wait until they are gone."""
    processes = [process for process in map(identify, pids) if process]
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    assert wait_gone(processes, PATIENCE_S) == []
