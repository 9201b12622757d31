"""The harness's side of `fork_pair.py`: starts it and passes commands and answers."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from pathlib import Path

_ANSWER_TIMEOUT_S = 5.0


class ForkHelper:
    """The running `fork_pair.py`; every answer has to come within seconds."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("fork_pair.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        self.pid = 0

    def __enter__(self) -> ForkHelper:
        try:
            self.pid = int(self._answer())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, command: str) -> str:
        """Send one command; return its one line of answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(command.encode() + b"\n")
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = bytearray()
        deadline = time.monotonic() + _ANSWER_TIMEOUT_S
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise TimeoutError(f"no answer within {_ANSWER_TIMEOUT_S:.0f} s")
            part = self._process.stdout.read(65_536)
            if not part:
                raise OSError("it ended early")
            line += part
        return line.decode()
