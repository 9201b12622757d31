"""What reads the other end of auditd's plugins: a program of its own, `python -m` this module.

It writes what arrives to a file, a line per record. `--per-second` makes it as slow as a client
that handles so many records in a second; without it, it reads as fast as it can.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

HANGUP = "connected again after a hang-up"
"""A line of its output for each time that auditd closed the connection."""
CHUNK_BYTES = 4096
"""Little at a time: what it has read but not handled is not to be a further queue."""
DATAGRAM_BYTES = 1 << 16
DATAGRAMS = 256
"""The most datagrams that are written in one go."""
POLL_S = 0.05


class Reader:
    """Lines from a socket to a file. auditd may hang up on a slow client: it then comes again."""

    def __init__(self, place: Path, output: int, per_second: float) -> None:
        """`output` is the descriptor of the file; `per_second` 0 is as fast as it can."""
        self._place, self._output, self._per_second = place, output, per_second
        self._rest = b""
        self._asked = False
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def read_datagrams(self) -> None:
        """Bind the socket as a syslog daemon does, and write each message as a line."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as source:
            source.bind(str(self._place))
            source.setblocking(False)
            print("ready", flush=True)
            while _has_more(source) or not self._asked:
                self._handle(_datagrams(source))

    def read_stream(self) -> None:
        """Connect as a client does, and write every line that arrives whole."""
        ready = "ready"
        while not self._asked:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as source:
                try:
                    source.connect(str(self._place))
                except OSError:
                    time.sleep(POLL_S)
                    continue
                print(ready, flush=True)
                self._read_connection(source)
                ready = HANGUP

    def _read_connection(self, source: socket.socket) -> None:
        self._rest = b""  # of a line that was cut by a hang-up
        while _has_more(source) or not self._asked:
            if not _has_more(source):
                continue
            try:
                data = source.recv(CHUNK_BYTES)
            except ConnectionResetError:
                return
            if not data:
                return
            lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
            self._handle(lines + newline)

    def _handle(self, lines: bytes) -> None:
        os.write(self._output, lines)
        if not self._per_second:
            return
        until = time.monotonic() + lines.count(b"\n") / self._per_second
        while not self._asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, POLL_S))


def _has_more(source: socket.socket) -> bool:
    return bool(select.select([source], [], [], POLL_S)[0])


def _datagrams(source: socket.socket) -> bytes:
    """As many messages as are there, each as a line."""
    lines: list[bytes] = []
    while len(lines) < DATAGRAMS:
        try:
            message = source.recv(DATAGRAM_BYTES)
        except BlockingIOError:
            break
        lines.append(message.rstrip(b"\n\0") + b"\n")
    return b"".join(lines)


def main() -> int:
    """Read until SIGTERM, then what is left in the socket; its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("socket", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--datagrams", action="store_true", help="bind it, as a syslog daemon does")
    parser.add_argument("--per-second", type=float, default=0.0)
    words = parser.parse_args()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    output = os.open(words.output, flags, 0o600)
    reader = Reader(words.socket, output, words.per_second)
    if words.datagrams:
        reader.read_datagrams()
    else:
        reader.read_stream()
    return 0


if __name__ == "__main__":
    sys.exit(main())
