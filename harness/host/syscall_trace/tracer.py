"""Running a command once under strace, as the user who called, and reading the trace meanwhile."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import caller
from harness.files.pipe import named_pipe
from harness.host.syscall_trace.calls import TracedCalls
from harness.host.syscall_trace.tasks import first_task
from harness.kernel.rules.explain.seen import Seen

STRACE = "strace"
OPTIONS = (
    *("-I", "2", "-f", "-q", "-n", "-y", "-xx"),
    *("-X", "raw", "-s", "0", "-e", "signal=none"),
)
"""Ended by signals; children, too; numbers of calls; paths of descriptors; strings in hexadecimal,
constants as numbers, no signals."""
_POLL_MS = 200
_PIECE_BYTES = 1 << 16
MOST_LINE_BYTES = 1 << 20


class Tracing:
    """One traced command. Iterate over `calls` to its end; then `status` is its exit status."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._reader = TracedCalls(first_task())
        self.status: int | None = None

    @property
    def unread(self) -> int:
        """Lines of the trace that could not be understood."""
        return self._reader.unread

    @property
    def uses_io_uring(self) -> bool:
        """Whether the command used io_uring, of whose operations a trace shows nothing."""
        return self._reader.uses_io_uring

    def calls(self) -> Iterator[Seen]:
        """Run the command and return its calls one by one, as they end.

        Raises `UsageError` without strace or the command, `HostUnfitError` where nothing can be
        traced.
        """
        program = _strace()
        if shutil.which(self._command[0]) is None:
            raise UsageError(
                f"{self._command[0]!r} is not a command here",
                remedy="give a program on the PATH after `--`",
            )
        with named_pipe() as (path, descriptor):
            process = _start([program, *OPTIONS, "-o", str(path), "--", *self._command])
            try:
                for line in _lines(descriptor, process):
                    seen = self._reader.take(line)
                    if seen is not None:
                        yield seen
                self.status = process.wait()
            finally:
                _end(process)
        if not self._reader.calls:
            raise HostUnfitError(
                f"strace traced nothing (it ended with exit status {self.status})",
                remedy="it has to be strace 5.9 or newer, and ptrace(2) be allowed here",
            )


def _strace() -> str:
    found = shutil.which(STRACE)
    if found is None:
        raise UsageError("strace is not installed", remedy="install the package strace")
    return found


def _start(words: list[str]) -> subprocess.Popen[bytes]:
    """As the user who called sudo, if there is one. What the command prints goes to our errors."""
    found = caller()
    output = _errors()
    try:
        if found is None:
            return subprocess.Popen(words, stdout=output)
        return subprocess.Popen(
            words,
            stdout=output,
            user=found.uid,
            group=found.gid,
            extra_groups=found.groups,
            env={**os.environ, "HOME": found.home, "USER": found.name, "LOGNAME": found.name},
        )
    except OSError as error:
        raise HostUnfitError(
            f"strace cannot be run ({error.strerror})", remedy="check the program's rights"
        ) from error


def _errors() -> int:
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return sys.stderr.fileno()
    return subprocess.DEVNULL


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is still traced where the reading was given up: strace ends its command with it."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
    if process.poll() is None:
        process.kill()
        process.wait()


def _lines(descriptor: int, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The lines of the pipe, until it has no writer any more and strace has ended."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    rest = b""
    while True:
        ended = process.poll() is not None
        waiting.poll(0 if ended else _POLL_MS)
        piece = _read(descriptor)
        if piece:
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line.decode("ascii", "replace") for line in lines)
            if len(rest) > MOST_LINE_BYTES:
                rest = b""
        elif ended:
            break
        elif piece is not None:
            # Nobody has opened it to write yet; poll would return at once, over and over.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
    if rest:
        yield rest.decode("ascii", "replace")


def _read(descriptor: int) -> bytes | None:
    """What is there; empty without a writer, None where there is nothing yet."""
    try:
        return os.read(descriptor, _PIECE_BYTES)
    except BlockingIOError:
        return None
