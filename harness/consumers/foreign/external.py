"""A foreign program under test: started in a folder of its own, watched, and ended.

It knows nothing of audit: the adapter configures the program and decides when it is ready.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.consumers.foreign.output_age import tail_of
from harness.host.tree import HostTree
from harness.processes.identity import ProcessId, identify, send_signal, wait_gone
from harness.processes.line_process import ChildFailedError
from harness.processes.signals import signal_name

POLL_S = 0.02
STOP_TIMEOUT_S = 15.0
KILL_TIMEOUT_S = 5.0
LAST_WORDS_BYTES = 4096
MIN_FREE_BYTES = 64 << 20
"""A consumer is aborted if its folder's disk has less space left: a full disk harms the host."""


class ExternalProcess:
    """One foreign program and its descendants. `folder` keeps its standard output and error."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        cpus: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
        stdout: Path | None = None,
    ) -> None:
        """`stdout` takes its standard output, if that is to be apart from its errors."""
        self.name, self.folder = name, folder
        self._output = folder / f"{name}.output"
        self._known: set[ProcessId] = set()
        """Every process ever seen in its family: this finds a child whose parent died."""
        if cpus:
            command = ["taskset", "--cpu-list", ",".join(map(str, cpus)), *command]
        with contextlib.ExitStack() as files:
            output = files.enter_context(self._output.open("wb"))
            events = output if stdout is None else files.enter_context(stdout.open("wb"))
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=events,
                    stderr=output,
                    cwd=folder,
                    env=None if environment is None else {**os.environ, **environment},
                    # A group of its own: Ctrl-C in the terminal is for the harness.
                    process_group=0,
                )
            except OSError as error:
                raise ChildFailedError(
                    f"{name} could not be started ({command[0]}: {error.strerror})"
                ) from None

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def output(self) -> str:
        """Everything that it wrote to standard output and error so far."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def family(self) -> dict[int, str]:
        """It and its living descendants: names by pid."""
        if self.code is not None:
            return {}
        family = descendants(self.pid)
        self._known |= {process for pid in family if (process := identify(pid)) is not None}
        return family

    def wait_until(self, ready: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until `ready` is true. `what` completes the sentence "it did not ... in time".

        Raises ChildFailedError if the program ends before, TimeoutError if time runs out.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.refuse_dead()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} did not {what} within {timeout_s:g} s")
            time.sleep(POLL_S)

    def refuse_dead(self) -> None:
        """Raise ChildFailedError, with its last words, if the program has ended."""
        code = self._process.poll()
        if code is None:
            return
        how = f"was killed by {signal_name(-code)}" if code < 0 else f"ended with {code}"
        words = self.last_words().splitlines()
        raise ChildFailedError(f"{self.name} {how}" + (f": {words[-1][:200]}" if words else ""))

    def last_words(self) -> str:
        """The end of what it wrote, which may be very much."""
        return tail_of(self._output, LAST_WORDS_BYTES).decode(errors="replace").strip()

    def refuse_full_disk(self) -> None:
        """Raise ChildFailedError if its folder's disk is nearly full."""
        disk = os.statvfs(self.folder)
        free = disk.f_bavail * disk.f_frsize
        if free < MIN_FREE_BYTES:
            raise ChildFailedError(
                f"{self.name} was aborted: {free >> 20} MiB are left on the disk of {self.folder}"
            )

    def stop(self, timeout_s: float = STOP_TIMEOUT_S, *, number: int = signal.SIGTERM) -> None:
        """Ask it to end and wait for it and its descendants.

        Raises ChildFailedError if it had ended before, or had to be killed.
        """
        self.refuse_dead()
        self.family()
        self._process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        if self.code is not None and not wait_gone(self._known, timeout_s):
            return
        left = f"a process of {self.name}" if self.code is not None else self.name
        self.end()
        raise ChildFailedError(
            f"{left} did not end within {timeout_s:g} s of being asked, and was killed"
        )

    def end(self) -> None:
        """Kill what is left of it; never raises."""
        self.family()
        for process in self._known:
            send_signal(process, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_TIMEOUT_S)
        wait_gone(self._known, KILL_TIMEOUT_S)


def descendants(pid: int, tree: HostTree | None = None) -> dict[int, str]:
    """A process and its living descendants: names by pid; empty if it has ended."""
    tree = tree or HostTree()
    comm = tree.text(f"/proc/{pid}/comm")
    if comm is None:
        return {}
    found = {pid: comm.strip()}
    for thread in tree.names(f"/proc/{pid}/task"):
        for child in (tree.text(f"/proc/{pid}/task/{thread}/children") or "").split():
            found |= descendants(int(child), tree)
    return found
