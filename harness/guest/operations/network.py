"""Operations on sockets; nothing leaves the guest."""

from __future__ import annotations

import socket
import struct

from harness.guest.operations.operation import Place, operation

_PORT = 9
_V4 = struct.pack("<H", socket.AF_INET) + struct.pack(">H4s8x", _PORT, bytes([127, 0, 0, 1]))
_V6 = struct.pack("<H", socket.AF_INET6) + struct.pack(">HI16sI", _PORT, 0, bytes(15) + b"\1", 0)
_V4_HERE = struct.pack("<H", socket.AF_INET) + struct.pack(">H4s8x", 0, bytes([127, 0, 0, 1]))


def _to(place: Place, family: int, address: bytes) -> tuple[int, int, int]:
    return place.socket(family), place.data(address), len(address)


def _to_unix(place: Place) -> tuple[int, int, int]:
    path = str(place.folder / "socket")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(path)
    listening.detach()
    address = struct.pack("<H", socket.AF_UNIX) + path.encode() + b"\0"
    return _to(place, socket.AF_UNIX, address)


def _send(place: Place) -> tuple[int, ...]:
    sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sending.connect(("127.0.0.1", _PORT))
    return sending.detach(), place.data(b"secret"), 6, 0, 0, 0


def _socketcall(place: Place) -> tuple[int, int]:
    connect = 3
    return connect, place.words(_to(place, socket.AF_INET, _V4))


OPERATIONS = (
    operation("socket", lambda p: (socket.AF_INET, socket.SOCK_DGRAM, 0), ring=True),
    operation("connect to IPv4", lambda p: _to(p, socket.AF_INET, _V4), ring=True),
    operation("connect to IPv6", lambda p: _to(p, socket.AF_INET6, _V6), ring=True),
    operation("connect to a local socket", _to_unix, ring=True),
    operation("bind", lambda p: _to(p, socket.AF_INET, _V4_HERE), ring=True),
    operation("listen", lambda p: (p.socket(socket.AF_INET, socket.SOCK_STREAM), 1), ring=True),
    operation("sendto", _send, ring=True),
)
CONNECT_OLD = ("connect by socketcall", _socketcall, "socketcall")
