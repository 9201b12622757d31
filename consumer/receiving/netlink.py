"""The audit netlink socket: opening, registering or joining, filtering, releasing.

Only registration uses it; other control requests use sockets of their own, because the kernel
drops an acknowledgement if the receive buffer is full. `receive` does the receiving.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from array import array

from consumer.errors import HostUnfitError

NETLINK_AUDIT = 9
SOL_NETLINK = 270
NETLINK_NO_ENOBUFS = 5
SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
GROUP_READLOG = 1

AUDIT_GET = 1000
AUDIT_SET = 1001
STATUS_PID = 4  # mask bit and index of the field, in u32
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NLMSG_ERROR = 2
REGISTER_SEQUENCE, UNREGISTER_SEQUENCE, STATUS_SEQUENCE = 1, 2, 3
ANSWER_TIMEOUT_S = 5.0

REMEDIES = {
    errno.EPERM: "run as root, outside of containers and user namespaces",
    errno.ECONNREFUSED: "run in the initial user namespace: this one has no audit",
    errno.EPROTONOSUPPORT: "boot a kernel with CONFIG_AUDIT and without audit=0",
    errno.EINVAL: "run in the initial pid namespace",
}


def _unfit(what: str, number: int) -> HostUnfitError:
    remedy = REMEDIES.get(number, "see the error number in audit's kernel source")
    return HostUnfitError(f"{what} ({os.strerror(number)})", remedy)


def open_socket() -> socket.socket:
    """Open an audit netlink socket, bound to a port id of the kernel's choice."""
    try:
        sock = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_AUDIT
        )
        sock.bind((0, 0))
    except OSError as error:
        raise _unfit("no audit netlink socket", error.errno or 0) from None
    return sock


def set_receive_buffer(sock: socket.socket, wanted_bytes: int) -> int:
    """Request a receive buffer and return the size that the kernel grants, by getsockopt.

    The kernel doubles the given size, so half of it is requested and both numbers mean the same.
    Without CAP_NET_ADMIN net.core.rmem_max caps it.
    """
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, wanted_bytes // 2)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted_bytes // 2)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def silence_enobufs(sock: socket.socket) -> None:
    """Keep a full buffer from stopping delivery until it is completely empty."""
    sock.setsockopt(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1)


def join_multicast(sock: socket.socket) -> None:
    """Join the group that gets a copy of every record."""
    try:
        sock.setsockopt(SOL_NETLINK, 1, GROUP_READLOG)  # NETLINK_ADD_MEMBERSHIP
    except OSError as error:
        raise _unfit("audit's multicast group cannot be joined", error.errno or 0) from None


def accept_kernel_only(sock: socket.socket) -> None:
    """Have the kernel refuse datagrams that other processes send to this socket.

    A connected netlink socket gets unicasts only from its peer (net/netlink/af_netlink.c,
    netlink_getsockbyportid()), so the sender of a datagram need not be checked. This does not
    hold for multicasts.
    """
    sock.connect((0, 0))


def register(sock: socket.socket) -> None:
    """Become the audit daemon; the kernel's acknowledgement comes before any record."""
    request_registration(sock, os.getpid(), REGISTER_SEQUENCE)
    number = _acknowledgement(sock, REGISTER_SEQUENCE)
    if number == errno.EEXIST:
        raise HostUnfitError(
            f"another audit daemon is registered{_holder()}",
            "stop it first, or use --mode multicast",
        )
    if number:
        raise _unfit("the kernel refuses the registration as audit daemon", number)


def request_registration(sock: socket.socket, pid: int, sequence: int) -> None:
    """Send AUDIT_SET with the daemon's pid: the caller's, or 0 to unregister."""
    status = [0] * 11
    status[0] = STATUS_PID
    status[3] = pid
    payload = struct.pack("=11I", *status)
    _send(sock, AUDIT_SET, NLM_F_REQUEST | NLM_F_ACK, sequence, payload)


def _send(sock: socket.socket, kind: int, flags: int, sequence: int, payload: bytes) -> None:
    header = struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0)
    try:
        sock.sendto(header + payload, (0, 0))
    except OSError as error:
        raise _unfit("the kernel accepts no audit request", error.errno or 0) from None


def _acknowledgement(sock: socket.socket, sequence: int) -> int:
    """The error number that answers a request, 0 for success."""
    sock.settimeout(ANSWER_TIMEOUT_S)
    try:
        while True:
            datagram = sock.recv(16384)
            if len(datagram) < 20:
                continue
            _, kind, _, answered, _, number = struct.unpack_from("=IHHIIi", datagram)
            if kind == NLMSG_ERROR and answered == sequence:
                return -int(number)
    except TimeoutError:
        raise HostUnfitError("the kernel does not answer", "look at dmesg") from None
    finally:
        sock.settimeout(None)


def _holder() -> str:
    """` (process N)` if the kernel names the registered daemon, else nothing."""
    try:
        with open_socket() as sock:
            sock.settimeout(ANSWER_TIMEOUT_S)
            _send(sock, AUDIT_GET, NLM_F_REQUEST, STATUS_SEQUENCE, b"")
            datagram = sock.recv(16384)
    except (OSError, HostUnfitError):
        return ""
    if len(datagram) < 32 or struct.unpack_from("=H", datagram, 4)[0] != AUDIT_GET:
        return ""
    return f" (process {struct.unpack_from('=I', datagram, 16 + 12)[0]})"


def user_messages_filter() -> bytes:
    """A classic BPF program that passes acknowledgements and user messages, and drops the rest.

    nlmsg_type is in host order, while BPF loads half words in network order, so it is assembled
    from its two bytes.
    """
    low, high = (4, 5) if sys.byteorder == "little" else (5, 4)
    program = [
        (0x30, 0, 0, high),  # A = byte
        (0x64, 0, 0, 8),  # A <<= 8
        (0x07, 0, 0, 0),  # X = A
        (0x30, 0, 0, low),
        (0x4C, 0, 0, 0),  # A |= X
        (0x15, 2, 0, NLMSG_ERROR),  # equal: pass
        (0x35, 0, 2, 1100),  # not at least 1100: drop
        (0x25, 1, 0, 1199),  # above 1199: drop
        (0x06, 0, 0, 0xFFFFFFFF),  # pass
        (0x06, 0, 0, 0),  # drop
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def discard_records(sock: socket.socket) -> None:
    """Let the kernel drop all but user messages before they are charged to this socket."""
    program = array("B", user_messages_filter())
    address, length = program.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", length // 8, address))
