"""Where datagrams come from: the registered daemon's socket, the multicast group, or a descriptor.

It opens, starts and ends the flow; it does not read it.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

from consumer import netlink, receive
from consumer.errors import UsageError

if TYPE_CHECKING:
    from consumer.arguments import Options

ACK_WAIT_NS = 1_000_000_000
DRAIN_LIMIT_NS = 10_000_000_000
NETLINK_DROP_MEMBERSHIP = 2


class Source:
    """An open socket; `start` makes records flow, `end` stops them."""

    def __init__(self, options: Options) -> None:
        self.mode = options.mode
        self.discards = options.depth == "discard"
        self.socket = _open(options)
        self.is_netlink = options.mode != "fd"
        self.rcvbuf_bytes = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.portid = 0
        if self.is_netlink:
            self.rcvbuf_bytes = netlink.set_receive_buffer(self.socket, options.rcvbuf_bytes)
            self.portid = self.socket.getsockname()[0]
            if options.no_enobufs:
                netlink.silence_enobufs(self.socket)

    def start(self) -> None:
        """Register, or join the group; from now on records come."""
        if self.discards:
            netlink.discard_records(self.socket)
        if self.mode == "unicast":
            netlink.register(self.socket)
        elif self.mode == "multicast":
            netlink.join_multicast(self.socket)

    def end(self, receiver: receive.Receiver) -> None:
        """Ask for no more records, then take what the socket buffer still holds."""
        give_up_ns = time.monotonic_ns() + ACK_WAIT_NS
        if self.mode == "unicast":
            netlink.request_registration(self.socket, 0, netlink.UNREGISTER_SEQUENCE)
        elif self.mode == "multicast":
            self.socket.setsockopt(
                netlink.SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, netlink.GROUP_READLOG
            )
        self.drain(receiver)
        while self.mode == "unicast" and time.monotonic_ns() < give_up_ns:
            if receiver.pipeline.acknowledged()[0] == netlink.UNREGISTER_SEQUENCE:
                return
            self.drain(receiver)

    def drain(self, receiver: receive.Receiver) -> None:
        """Receive until the socket buffer is empty."""
        deadline_ns = time.monotonic_ns() + DRAIN_LIMIT_NS
        while receiver.run(deadline_ns=deadline_ns, until_empty=True) == receive.MARKER:
            pass

    def close(self) -> None:
        """Close the socket; an audit daemon that did not unregister is forgotten by the kernel."""
        self.socket.close()


def _open(options: Options) -> socket.socket:
    if options.mode != "fd":
        return netlink.open_socket()
    try:
        sock = socket.socket(fileno=os.dup(options.fd))
    except OSError:
        raise UsageError(f"--fd {options.fd} is no socket", "pass an inherited socket") from None
    if sock.type == socket.SOCK_STREAM:
        raise UsageError(
            f"--fd {options.fd} is a stream", "pass a UNIX datagram or seqpacket socket"
        )
    return sock
