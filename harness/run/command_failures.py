"""A command of the user's that fails: named with its last words, and the end of the run.

The load gives the command no place to write to, because that would be measured as well. So a
command that failed is run once more, outside of any trial, to hear what it says.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

import msgspec

from harness.counted import counted
from harness.errors import UntrustworthyError
from harness.model.run import Sample
from harness.model.stored.documents import WorkerDetails
from harness.plain import plain
from harness.processes.signals import signal_name

MOST_WAIT_S = 10.0
MOST_BYTES = 4096
"""Of what the command says, the end that is looked at."""
MOST_CHARACTERS = 200


class _Done(msgspec.Struct, frozen=True):
    """What the worker says of a command; a trial that failed says nothing."""

    ops: int = 0
    details: WorkerDetails = WorkerDetails()


class CommandFailures:
    """How often the command failed in the trials so far, by exit status."""

    def __init__(self, command: Sequence[str], *, allowed: bool) -> None:
        self._command = tuple(command)
        self._allowed = allowed
        self._runs = 0
        self._failed: dict[str, int] = {}

    def take(self, sample: Sample) -> None:
        """Note a trial that is saved; UntrustworthyError if the command may not fail and did."""
        if not self._command:
            return
        done = msgspec.convert(sample.workload_document, _Done)
        self._runs += done.ops
        for status, number in done.details.exit_statuses.items():
            self._failed[status] = self._failed.get(status, 0) + number
        if self._failed and not self._allowed:
            said = last_words(self._command)
            raise UntrustworthyError(
                self.words() + (f", and says: {said}" if said else ""),
                remedy="correct the command, or measure it as it is with --allow-failures",
            )

    def words(self) -> str:
        """What failed how often, in one line; empty where nothing did."""
        if not self._failed:
            return ""
        command = plain(shlex.join(self._command))[:MOST_CHARACTERS]
        runs = f"{counted(sum(self._failed.values()), 'time')} in {counted(self._runs, 'run')}"
        return f"the command `{command}` failed {runs} ({_ended(self._failed)})"


def _ended(failed: Mapping[str, int]) -> str:
    ways = []
    for status in sorted(failed, key=lambda each: (-failed[each], each)):
        number = int(status)
        ended = f"exit status {number}" if number >= 0 else f"ended by {signal_name(-number)}"
        ways.append(ended)
    return ", ".join(ways)


def last_words(command: Sequence[str]) -> str:
    """The last line that the command writes to its standard error when it is run once more.

    Fit to be shown; empty where it says nothing, or has not ended after `MOST_WAIT_S`.
    """
    with tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            return plain(str(error.strerror))
        try:
            child.wait(timeout=MOST_WAIT_S)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        size = errors.seek(0, os.SEEK_END)
        errors.seek(max(0, size - MOST_BYTES))
        lines = errors.read(MOST_BYTES).decode(errors="replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return plain(" ".join(last.split()))[:MOST_CHARACTERS]
