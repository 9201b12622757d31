"""Children of a guest's agent, forked from it: they have imported everything and start at once.

Each speaks JSON lines on its standard output, and is told what to do on its standard input.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any


class ForkedChild:
    """A child that runs `program`, which gives its exit code. End it with `end`."""

    def __init__(self, name: str, program: Callable[[], int]) -> None:
        self._name = name
        their_input, self._input = os.pipe()
        self._output, their_output = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._input)
            os.close(self._output)
            _become(program, their_input, their_output)
        os.close(their_input)
        os.close(their_output)
        self._unread = b""

    def send(self, line: str) -> None:
        """Tell it a line; one that has ended is found out by `expect`."""
        try:
            os.write(self._input, line.encode() + b"\n")
        except BrokenPipeError:
            return

    def expect(self, event: str, timeout_s: float) -> dict[str, Any]:
        """The next line of this event, others are passed over; RuntimeError without one."""
        while True:
            while b"\n" in self._unread:
                line, _, self._unread = self._unread.partition(b"\n")
                document: dict[str, Any] = json.loads(line)
                if document["event"] == event:
                    return document
                if document["event"] == "error":
                    raise RuntimeError(f"the {self._name} failed: {document.get('message')}")
            if not select.select([self._output], [], [], timeout_s)[0]:
                raise TimeoutError(f"the {self._name} did not say {event!r}")
            if not (data := os.read(self._output, 1 << 20)):
                raise RuntimeError(f"the {self._name} ended without {event!r}")
            self._unread += data

    def end(self) -> None:
        """Let it end by itself, which closing its input makes it do, and wait for that."""
        os.close(self._input)
        while os.read(self._output, 1 << 20):
            pass
        os.close(self._output)
        os.waitpid(self.pid, 0)


def _become(program: Callable[[], int], their_input: int, their_output: int) -> None:
    """In the child: run the program; never returns."""
    code = 1
    try:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.dup2(their_input, 0)
        os.dup2(their_output, 1)
        os.close(their_input)
        os.close(their_output)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        code = program()
        sys.stdout.flush()
    except BaseException as error:
        message = f"{type(error).__name__}: {error}"[:1000]
        os.write(1, json.dumps({"event": "error", "message": message}).encode() + b"\n")
    finally:
        os._exit(code)
