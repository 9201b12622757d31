"""A child program that speaks JSON lines: the consumer and the workers, seen from the harness.

One command per line on its standard input, one JSON object per line on its standard output. The
end of its input tells the child that the harness is gone. The content of the lines is not known
here.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO, Any

from harness.errors import HostUnfitError
from harness.processes.signals import signal_name

Document = dict[str, Any]
Tick = Callable[[], None]

END_TIMEOUT_S = 5.0


class ChildFailedError(HostUnfitError):
    """A program that the harness started ended, or gave an unexpected answer."""


def module_command(module: str, *arguments: str) -> list[str]:
    """The command that runs one of this distribution's programs.

    `-P` keeps the working directory off the import path: a folder called `consumer` in it must
    not be mistaken for ours.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


class LineProcess:
    """A running child. Ends with the `with` block, by force if it has to."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        pass_fds: Sequence[int] = (),
        executable: str | None = None,
    ) -> None:
        """Start `command`; `executable` is the file to run if not the one that it names."""
        self.name = name
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives with the child
        self._process = subprocess.Popen(
            command,
            executable=executable,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            pass_fds=pass_fds,
            # A group of its own: Ctrl-C in the terminal is for the harness, which then ends
            # its children in the right order.
            process_group=0,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._buffer = bytearray()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def __enter__(self) -> LineProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def send(self, command: str) -> None:
        """Send one command; if the child has ended, the next `expect` reports it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(command.encode() + b"\n")
            self._process.stdin.flush()

    def expect(
        self,
        event: str,
        *,
        timeout_s: float,
        tick: Tick | None = None,
        tick_s: float = 0.25,
    ) -> Document:
        """The next document of this event; others before it are skipped.

        `tick` is called about every `tick_s` while waiting. Raises ChildFailedError if the
        child reports an error or ends, TimeoutError after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            line = self._next_line(deadline, tick, tick_s)
            document = self._decode(line)
            if document.get("event") == "error":
                raise ChildFailedError(str(document.get("message", "no reason given")))
            if document.get("event") == event:
                return document

    def _next_line(self, deadline: float, tick: Tick | None, tick_s: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(f"the {self.name} did not answer in time")
            if not self._selector.select(min(remaining, tick_s)):
                if tick is not None:
                    tick()
                continue
            chunk = self._output.read(65536)
            if chunk == b"":
                raise ChildFailedError(self._reason())
            self._buffer += chunk or b""
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _decode(self, line: bytes) -> Document:
        try:
            document = json.loads(line)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ChildFailedError(f"the {self.name} said {line[:80]!r}, which is not JSON")
        return document

    def _reason(self) -> str:
        """The reason why the child ended, in one line: its own words, its signal or exit code."""
        try:
            code = self._process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return f"the {self.name} closed its output and did not end"
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines()
        if code < 0:
            return f"the {self.name} was killed by {signal_name(-code)}"
        said = words[-1] if words else f"exit code {code}"
        return f"the {self.name} ended: {said}"

    def poll(self) -> int | None:
        """The exit code, or None while the child runs."""
        return self._process.poll()

    def end(self, timeout_s: float = END_TIMEOUT_S) -> None:
        """End the child: close its input, then terminate, then kill. Never raises."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        for force in (None, signal.SIGTERM, signal.SIGKILL):
            if force is not None:
                self._process.send_signal(force)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout_s if force is None else 1.0)
                break
        self._selector.close()
        self._output.close()
        self._errors.close()
