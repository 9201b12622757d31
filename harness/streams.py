"""Standard streams that never let the fate of a program's output change its verdict.

A stream that is full, closed or left by its reader accepts everything and keeps nothing; the first
failure is remembered. A character that the encoding lacks comes out as a backslash escape. A
descriptor that was closed stays occupied, or the next file or socket would get its number.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING

from harness.errors import EXIT_FINE, EXIT_HOST_UNFIT

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STDIN, STDOUT, STDERR = 0, 1, 2
_lost: list[str] = []
"""What was requested of this process, and could not be written."""


def output_is_lost(line: str) -> None:
    """Say in one line that requested output cannot be written; at its end the process tells it."""
    _lost.append(line)
    sys.stderr.write(f"auditbench: {line}\n")


class ForgivingDescriptor(io.RawIOBase):
    """A descriptor to which writing never fails; `failure` is the first error it met."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.failure: OSError | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of it, or nothing after the first failure; never raises OSError."""
        with memoryview(data) as view:
            size = view.nbytes
            if self.failure is None:
                try:
                    self._write_all(view.cast("B"))
                except OSError as error:
                    self.failure = error
        return size

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:  # somebody made the terminal or pipe non-blocking
                waiting = select.poll()
                waiting.register(self._descriptor, select.POLLOUT)
                waiting.poll()


class Streams:
    """Standard output and standard error of this process, forgiving from now on."""

    def __init__(self) -> None:
        self.stdout_closed, self.stderr_closed = _take_closed()
        self._output = ForgivingDescriptor(STDOUT)
        with contextlib.suppress(OSError, ValueError):
            if sys.stdout is not None:
                sys.stdout.flush()
        sys.stdout = _text(self._output, sys.stdout)
        sys.stderr = _text(ForgivingDescriptor(STDERR), sys.stderr, line_buffering=True)

    def settle(self, code: int, *, is_verdict: bool) -> int:
        """The exit code, after all output is written as far as it can be.

        A reader that has seen enough (`| head`) changes nothing. If output is lost otherwise, of
        files too, one line on standard error says so, and a code of 0 becomes 4 unless it is a
        verdict.
        """
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        failure = self._output.failure
        if failure is not None and failure.errno != errno.EPIPE:
            why = "it is closed" if self.stdout_closed else failure.strerror
            output_is_lost(f"standard output cannot be written ({why})")
        return EXIT_HOST_UNFIT if _lost and code == EXIT_FINE and not is_verdict else code


def _take_closed() -> tuple[bool, bool]:
    """Replace closed descriptors by ones that can be neither read nor written."""
    was_closed = []
    for descriptor in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            # Opened the other way round: reading from stdin fails, and writing to the others.
            flags = os.O_WRONLY if descriptor == STDIN else os.O_RDONLY
            found = os.open(os.devnull, flags)
            if found != descriptor:
                os.dup2(found, descriptor)
                os.close(found)
            was_closed.append(descriptor)
    return STDOUT in was_closed, STDERR in was_closed


def _text(
    raw: ForgivingDescriptor, before: io.TextIOBase | object, *, line_buffering: bool = False
) -> io.TextIOWrapper:
    """The descriptor as text in the encoding that the stream had before."""
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors="backslashreplace",
        newline="\n",
        line_buffering=line_buffering or raw.isatty(),
    )
