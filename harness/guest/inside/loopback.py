"""The loopback interface of a guest, which is down after a boot: without it every connect fails."""

from __future__ import annotations

import fcntl
import socket
import struct

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_REQUEST = struct.Struct("16sh22x")
"""`struct ifreq`: the interface's name and its flags."""


def raise_loopback() -> None:
    """Bring `lo` up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        fcntl.ioctl(asker.fileno(), _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _IFF_UP))
