"""The records that a guest's kernel writes, as far as they say who made a call and by which key."""

from __future__ import annotations

import errno
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SYSCALL, URINGOP = 1300, 1336
_GROUP: Final = 1
_SO_RCVBUFFORCE: Final = 33
_BUFFER_BYTES: Final = 16 << 20
_HEAD: Final = struct.Struct("=IHHII")
_LARGEST: Final = 65536
_ARCH = re.compile(rb"\barch=([0-9a-f]+)")
_NUMBER = re.compile(rb"\b(?:syscall|uring_op)=(\d+)")
_PID = re.compile(rb"\bpid=(\d+)")
_COMM = re.compile(rb'\bcomm="([^"]*)"')
_KEY = re.compile(rb'\bkey="([^"]*)"')


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A SYSCALL or URINGOP record: `arch` is None in the latter, `key` None without one."""

    arch: int | None
    number: int
    pid: int
    comm: str
    key: str | None


class RecordLog:
    """A listener to all records. A context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        self._socket.bind((0, _GROUP))
        self._socket.setblocking(False)
        self.lost = 0

    def __enter__(self) -> RecordLog:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def calls(self) -> Iterator[CallRecord]:
        """The records of calls that came in since the last time."""
        return (read_call(text) for kind, text in self.records() if kind in (SYSCALL, URINGOP))

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Type and text of all records that came in since the last time."""
        while True:
            try:
                data = self._socket.recv(_LARGEST)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.lost += 1
                continue
            yield _HEAD.unpack_from(data)[1], data[_HEAD.size :]


def read_call(text: bytes) -> CallRecord:
    """A record's fields; ValueError where one is missing."""
    arch, number, pid, comm, key = (
        pattern.search(text) for pattern in (_ARCH, _NUMBER, _PID, _COMM, _KEY)
    )
    if number is None or pid is None:
        raise ValueError(f"a record of a call without number or process: {text[:200]!r}")
    return CallRecord(
        arch=int(arch[1], 16) if arch else None,
        number=int(number[1]),
        pid=int(pid[1]),
        comm=comm[1].decode("ascii", "replace") if comm else "",
        key=key[1].decode("ascii", "replace") if key else None,
    )
