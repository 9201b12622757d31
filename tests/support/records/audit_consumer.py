"""The consumer as a process, for tests that speak with it."""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from tests.support.patience import PATIENCE_S


class ConsumerProcess:
    """`python -m consumer --control …`; a context manager that never leaves it behind."""

    def __init__(self, *arguments: str, pass_fds: tuple[int, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "consumer", *arguments, "--control"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
        )
        self._buffer = b""

    def __enter__(self) -> ConsumerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def event(self, name: str) -> dict[str, Any]:
        """The next line, which must be this event."""
        document = self.line()
        assert document["event"] == name, document
        return document

    def line(self, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next line on stdout; TimeoutError if none comes."""
        deadline = time.monotonic() + timeout_s
        assert self.process.stdout
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, left))
            if not ready:
                raise TimeoutError(f"no answer within {timeout_s} s; so far {self._buffer!r}")
            chunk = os.read(self.process.stdout.fileno(), 1 << 20)
            assert chunk, f"the consumer ended: {self.errors()}"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        document: dict[str, Any] = json.loads(line)
        return document

    def command(self, text: str) -> None:
        """Send one command."""
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def stop(self) -> dict[str, Any]:
        """Stop it and return the result."""
        self.command("stop")
        return self.result()

    def result(self) -> dict[str, Any]:
        """Wait for the result, passing over other events, and for a clean end."""
        while (document := self.line())["event"] != "result":
            pass
        assert self.process.wait(PATIENCE_S) == 0
        return document

    def errors(self) -> str:
        """What it wrote to stderr until its end."""
        assert self.process.stderr
        self.process.wait(PATIENCE_S)
        return self.process.stderr.read().decode()


def socket_pair(kind: str) -> tuple[socket.socket, socket.socket]:
    """Our end and the consumer's: `seqpacket`, `dgram` (both UNIX), or `netlink`."""
    if kind != "netlink":
        types = {"seqpacket": socket.SOCK_SEQPACKET, "dgram": socket.SOCK_DGRAM}
        return socket.socketpair(socket.AF_UNIX, types[kind])
    ours, theirs = (socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 2) for _ in range(2))
    theirs.bind((0, 0))
    ours.connect((theirs.getsockname()[0], 0))
    return ours, theirs


class FedConsumer(ConsumerProcess):
    """A consumer fed through a socket instead of by the audit framework."""

    def __init__(self, *arguments: str, kind: str = "seqpacket") -> None:
        self.kind = kind
        self.feed, theirs = socket_pair(kind)
        fd = theirs.fileno()
        super().__init__("--mode", "fd", "--fd", str(fd), *arguments, pass_fds=(fd,))
        theirs.close()

    def send(self, datagrams: list[bytes]) -> None:
        """Feed datagrams, waiting where the socket is full."""
        for datagram in datagrams:
            self.feed.send(datagram)

    def end(self) -> None:
        """End the feed, as its kind allows."""
        if self.kind == "netlink":
            self.feed.send(struct.pack("=IHHII", 16, 3, 0, 0, 0))  # NLMSG_DONE
        elif self.kind == "dgram":
            self.feed.send(b"")
        self.feed.close()

    def __exit__(self, *_: object) -> None:
        self.feed.close()
        super().__exit__()
