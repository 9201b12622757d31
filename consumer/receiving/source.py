"""The source of datagrams: the registered daemon's socket, the multicast group, or a descriptor.

A descriptor is a UNIX datagram or seqpacket socket, or a netlink socket (NETLINK_USERSOCK takes
messages from any process), which is closer to audit's: same buffer, same accounting. The flow is
opened, started and ended here, but not read.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from consumer.errors import UsageError
from consumer.receiving import netlink, receive

if TYPE_CHECKING:
    from consumer.arguments import Options

ACK_WAIT_NS = 1_000_000_000
DRAIN_LIMIT_NS = 10_000_000_000  # reached only if the kernel does not stop sending
FEED_DRAIN_LIMIT_NS = 1_000_000_000  # a feeder may continue for ever
NETLINK_DROP_MEMBERSHIP = 2


class Source:
    """An open socket; `start` makes records flow, `stop` ends that, `drain` takes the rest."""

    def __init__(self, options: Options) -> None:
        self.mode = options.mode
        self.discards = options.depth == "discard"
        self.socket = _open(options)
        self.is_netlink = options.mode != "fd"
        self.check_senders = options.mode == "multicast"
        self.rcvbuf_bytes = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self.portid = 0
        if self.socket.family == socket.AF_NETLINK:
            self.rcvbuf_bytes = netlink.set_receive_buffer(self.socket, options.rcvbuf_bytes)
            self.portid = self.socket.getsockname()[0]
            if options.no_enobufs:
                netlink.silence_enobufs(self.socket)

    def start(self) -> None:
        """Register, or join the group, so that records come."""
        if self.discards:
            netlink.discard_records(self.socket)
        if self.mode == "unicast":
            netlink.accept_kernel_only(self.socket)
            netlink.register(self.socket)
        elif self.mode == "multicast":
            netlink.join_multicast(self.socket)

    def stop(self) -> None:
        """Ask for no more records."""
        if self.mode == "unicast":
            netlink.request_registration(self.socket, 0, netlink.UNREGISTER_SEQUENCE)
        elif self.mode == "multicast":
            self.socket.setsockopt(
                netlink.SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, netlink.GROUP_READLOG
            )

    def drain(self, receiver: receive.Receiver, after_batch: Callable[[], None]) -> None:
        """Take the rest of the socket buffer, in unicast up to the kernel's answer."""
        give_up_ns = time.monotonic_ns() + ACK_WAIT_NS
        self._empty(receiver, after_batch)
        while self.mode == "unicast" and time.monotonic_ns() < give_up_ns:
            if receiver.pipeline.acknowledged()[0] == netlink.UNREGISTER_SEQUENCE:
                return
            self._empty(receiver, after_batch)

    def _empty(self, receiver: receive.Receiver, after_batch: Callable[[], None]) -> None:
        limit_ns = DRAIN_LIMIT_NS if self.is_netlink else FEED_DRAIN_LIMIT_NS
        deadline_ns = time.monotonic_ns() + limit_ns
        reason = receive.BATCH
        while reason in (receive.BATCH, receive.MARKER):
            reason = receiver.run(deadline_ns=deadline_ns, until_empty=True, one_batch=True)
            after_batch()

    def close(self) -> None:
        """Close the socket; an audit daemon that did not unregister is forgotten by the kernel."""
        self.socket.close()


def _open(options: Options) -> socket.socket:
    if options.mode != "fd":
        return netlink.open_socket()
    try:
        sock = socket.socket(fileno=os.dup(options.fd))
    except OSError:
        raise UsageError(f"--fd {options.fd} is not a socket", "pass an inherited socket") from None
    if sock.type == socket.SOCK_STREAM:
        raise UsageError(
            f"--fd {options.fd} is a stream",
            "pass a UNIX datagram or seqpacket socket, or a netlink socket",
        )
    return sock
