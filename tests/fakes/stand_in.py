"""What the stand-ins for consumers share: the audit socket, the pace, an end by SIGTERM, a name.

A stand-in behaves towards kernel and files as the program it stands for does, by that program's
published source: registers on the running kernel's audit socket, changes what it changes, takes
its flags and configuration, and writes its output. It measures nothing.

STAND_IN tells it to misbehave: `never-ready` (it does not register), `dies-at-start`, `deaf`
(SIGTERM does not end it). STAND_IN_PACE multiplies its waits.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from consumer.receiving import netlink

MISDEEDS = frozenset(filter(None, os.environ.get("STAND_IN", "").split(",")))
PACE = float(os.environ.get("STAND_IN_PACE", "1"))
POLL_S = 0.1
BUFFER_BYTES = 16 << 20
"""Python reads slower than the programs it stands for; nothing must be lost for that."""


class Link:
    """An audit netlink socket, as a daemon or a listener has it."""

    def __init__(self, *, listens: bool = False) -> None:
        self.sock = netlink.open_socket()
        netlink.set_receive_buffer(self.sock, BUFFER_BYTES)
        if listens and "never-ready" not in MISDEEDS:
            netlink.join_multicast(self.sock)
        self.errors = 0
        self._sequence = 0

    def register(self) -> None:
        """Ask to be the audit daemon; the answer is one of the messages."""
        if "never-ready" not in MISDEEDS:
            self._sequence += 1
            netlink.request_registration(self.sock, os.getpid(), self._sequence)

    def unregister(self) -> None:
        """Give the seat up, as its holder may."""
        netlink.request_registration(self.sock, 0, self._sequence + 1)

    def messages(self, timeout_s: float = POLL_S) -> Iterator[tuple[int, bytes]]:
        """Type and text of what has come; waits for the first, at most so long."""
        select.select([self.sock], [], [], timeout_s)
        while True:
            try:
                datagram = self.sock.recv(32768, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.errors += 1
                continue
            yield struct.unpack_from("=H", datagram, 4)[0], datagram[16:]


class Ending:
    """Whether it was asked to end."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._take)

    def _take(self, number: int, frame: object) -> None:
        self.asked = "deaf" not in MISDEEDS


def begin(name: str) -> None:
    """Be called as the program is, and die at once where that is asked for."""
    Path("/proc/self/comm").write_text(name, encoding="ascii")
    if "dies-at-start" in MISDEEDS:
        sys.exit(f"{name}: told to die")


def load_yaml(path: Path) -> Any:
    """A configuration as the Go programs read it, where 0600 is an octal number."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    return yaml.load(path.read_text(encoding="utf-8"))


def head_of(text: bytes) -> tuple[str, int, bytes]:
    """Time, serial and the rest of a record; serial 0 where it is none."""
    head, found, rest = text.partition(b"): ")
    if not found or not head.startswith(b"audit("):
        return "", 0, text
    time, _, serial = head[6:].decode().rpartition(":")
    return time, int(serial), rest
