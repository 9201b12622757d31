"""Starts a program as systemd does whose socket unit gives it an audit socket.

    python -m harness.consumers.foreign.activated PROGRAM [ARGUMENT...]

The socket listens to the multicast group and has the buffer of `systemd-journald-audit.socket`
(`ReceiveBuffer=128M`), which is six hundred times that of a socket which a program opens itself.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from typing import Final

from harness.kernel.messages import NETLINK_AUDIT
from harness.kernel.netlink import SO_RCVBUFFORCE

FIRST_FD: Final = 3
GROUP: Final = 1
RECEIVE_BUFFER_BYTES: Final = 128 << 20


def main(command: Sequence[str]) -> None:
    """Open the socket and become the program."""
    audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    audit.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    audit.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    audit.bind((0, GROUP))
    if audit.fileno() != FIRST_FD:
        os.dup2(audit.fileno(), FIRST_FD)
    os.set_inheritable(FIRST_FD, True)
    fds = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
    os.execve(command[0], list(command), os.environ | fds)  # noqa: S606 - it is what this is for


if __name__ == "__main__":
    main(sys.argv[1:])
