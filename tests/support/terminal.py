"""A terminal of 80 by 24 to run a program in, and to look at."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte


class Terminal:
    """A pseudo-terminal whose contents are kept as a screen; the program's side is `slave`."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        self.screen = pyte.HistoryScreen(columns, lines, history=1000, ratio=1)
        self._stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        self.raw = b""
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        for number in (self.master, self.slave):
            os.close(number)

    def settings(self) -> list[object]:
        """As `stty` shows them."""
        return termios.tcgetattr(self.slave)

    def take_in(self, seconds: float = 0.0) -> None:
        """Read what was written, for so long or as long as there is something."""
        while select.select([self.master], [], [], seconds)[0]:
            data = os.read(self.master, 65536)
            self.raw += data
            self._stream.feed(data)
            seconds = 0.0

    def text(self) -> str:
        """What is on the screen, without what scrolled off."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def everything(self) -> str:
        """What scrolled off and what is on the screen."""
        gone = [
            "".join(line[column].data for column in range(self.screen.columns)).rstrip()
            for line in self.screen.history.top
        ]
        return "\n".join([*gone, self.text()])

    def wait_for(self, found: Callable[[str], bool], timeout_s: float) -> bool:
        """Read until the screen is as wanted; whether it was in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                self.take_in(0.1)
            if found(self.text()):
                return True
        return False

    def type(self, keys: bytes) -> None:
        """As if they were pressed."""
        os.write(self.master, keys)

    def start(self, *words: object, cwd: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start one auditbench command line, with this as its controlling terminal."""
        unset = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TERM")
        inherited = {name: value for name, value in os.environ.items() if name not in unset}

        def take_control() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        return subprocess.Popen(
            [sys.executable, "-P", "-m", "harness", *map(str, words)],
            cwd=cwd,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=inherited | {"TERM": "xterm-256color"} | environment,
            preexec_fn=take_control,  # noqa: PLW1509
        )
