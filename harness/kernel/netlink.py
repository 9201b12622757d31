"""The audit control socket: requests out, answers in, on pyroute2's message classes.

It knows netlink framing but not what the requests mean (`client.py` does). Two behaviours of
pyroute2's `Marshal` are replaced: it takes the absolute value of the error field, but audit
acknowledges a counter reset with the old value as a positive number; and it trusts
`nlmsg_len`, but audit records (which arrive here if this process registers) are sent with a
length that leaves out the header.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from harness.counted import counted
from harness.errors import HostUnfitError, KernelAnswerError
from harness.kernel import messages
from harness.kernel.pyroute2_parts import Marshal, nlmsg, nlmsgerr
from harness.kernel.refusals import explain_socket_error

RECEIVE_BUFFER_BYTES: Final = 32 << 20
"""A rule list arrives as one message per rule, each charged with 2 to 4 KiB; the kernel drops
messages that do not fit. The memory is only used while answers queue."""
SO_RCVBUFFORCE: Final = 33
LARGEST_MESSAGE_BYTES: Final = 256 << 10


class AuditRequest(nlmsg):  # type: ignore[misc]
    """A request with its payload as bytes."""

    __slots__ = ()
    fields = (("payload", "s"),)


class AuditAnswer(nlmsg):  # type: ignore[misc]
    """An answer or a record; `payload` is everything after the header."""

    __slots__ = ()

    def decode(self) -> None:
        """Decode the header; the payload ends where the caller set `length`."""
        end = self.offset + self.length
        super().decode()
        self["payload"] = bytes(self.data[self.offset + messages.NLMSGHDR.size : end])


class AuditAcknowledgement(nlmsgerr):  # type: ignore[misc]
    """NLMSG_ERROR with the error field as the kernel sent it, sign included.

    Audit sends no extended-acknowledgement attributes; what follows is the request.
    """

    __slots__ = ()
    nla_map = ()


class AuditMarshal(Marshal):  # type: ignore[misc]
    """Cuts what one receive call returned into messages."""

    def parse(self, data: bytes, *_: Any, **__: Any) -> Iterator[Any]:
        """The messages in `data`; KernelAnswerError if it is not netlink."""
        offset = 0
        while offset < len(data):
            left = len(data) - offset
            if left < messages.NLMSGHDR.size:
                _malformed(f"{counted(left, 'byte is', 'bytes are')} no message")
            length, kind, flags, sequence, _port = messages.NLMSGHDR.unpack_from(data, offset)
            if sequence == 0:
                # No answer, as requests count from 1, but a record: one per datagram, of whatever
                # kind, and its length field is not to be trusted.
                length = left
            if not messages.NLMSGHDR.size <= length <= left:
                _malformed(f"a message of {counted(length, 'byte')} in {left:,}")
            yield self.parse_one_message(kind, flags, sequence, data, offset, length)
            offset += (length + 3) & ~3

    def parse_one_message(  # the signature is pyroute2's
        self, key: int, flags: int, sequence_number: int, data: bytes, offset: int, length: int
    ) -> Any:
        """One decoded message; the sign of an acknowledgement's error is kept."""
        if key == messages.NLMSG_ERROR:
            if length < messages.NLMSGHDR.size + 4:
                _malformed("an acknowledgement without an error number")
            message = AuditAcknowledgement(data, offset=offset, length=length)
        else:
            message = AuditAnswer(data, offset=offset, length=length)
        message.decode()
        return message


@dataclass(frozen=True, slots=True)
class Request:
    """One request: a message type, its payload, and how its answer ends.

    `data` is the type of the one data message that follows the acknowledgement, or None;
    `dump` says that several follow, up to NLMSG_DONE.
    """

    kind: int
    payload: bytes = b""
    data: int | None = None
    dump: bool = False


@dataclass(slots=True)
class Reply:
    """The answer: `error` as the kernel sent it (negative errno, 0, or a value)."""

    request: Request
    error: int | None = None
    payloads: list[bytes] = field(default_factory=list)
    done: bool = False

    @property
    def complete(self) -> bool:
        """Whether nothing more will come for this request."""
        if self.error is None:
            return False
        if self.error < 0:
            return True
        if self.request.dump:
            return self.done
        return self.request.data is None or bool(self.payloads)


def open_audit_socket() -> socket.socket:
    """Open a control socket to the kernel's audit, connected to the kernel and to nobody else.

    Raises HostUnfitError with the remedy if the kernel offers none. Tests that need
    another kernel replace this function or pass their own to `AuditClient`.
    """
    try:
        sock = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, messages.NETLINK_AUDIT
        )
    except OSError as error:
        what, remedy = explain_socket_error(error)
        raise HostUnfitError(what, remedy=remedy) from None
    # Linux before 4.3 has no such option: errors then include the request, which is harmless.
    with contextlib.suppress(OSError):
        sock.setsockopt(messages.SOL_NETLINK, messages.NETLINK_CAP_ACK, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
    except OSError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    sock.connect((0, 0))  # port 0 is the kernel; others cannot slip answers in
    return sock


class ControlSocket:
    """Sends requests in one datagram and collects the answers to them. One thread only."""

    def __init__(self, sock: socket.socket, timeout_s: float) -> None:
        self._socket = sock
        self._timeout_s = timeout_s
        self._marshal = AuditMarshal()
        self._sequence = 0

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; a second time does nothing."""
        self._socket.close()

    def exchange(self, requests: Sequence[Request]) -> list[Reply]:
        """Send the requests as one datagram and wait for all answers, in order.

        The kernel handles them one after the other within the send. It continues after one
        that it refuses; each reply has its own result. Raises KernelAnswerError when answers
        are malformed, overrun or late.
        """
        pending: dict[int, Reply] = {}
        datagram = bytearray()
        for request in requests:
            self._sequence = self._sequence % 0x7FFF_FFFF + 1
            pending[self._sequence] = Reply(request)
            datagram += self._encode(request, self._sequence)
        replies = list(pending.values())
        try:
            self._send(bytes(datagram))
            # Counted from here: the kernel may have let us sleep in the send for longer than that.
            deadline = time.monotonic() + self._timeout_s
            while not all(reply.complete for reply in replies):
                self._receive(pending, deadline)
        except TimeoutError:
            self._late(replies)
        return replies

    @staticmethod
    def _encode(request: Request, sequence: int) -> bytes:
        message = AuditRequest()
        message["payload"] = request.payload
        message["header"]["type"] = request.kind
        message["header"]["flags"] = messages.NLM_F_REQUEST | messages.NLM_F_ACK
        message["header"]["sequence_number"] = sequence
        message.encode()
        return bytes(message.data)

    def _send(self, datagram: bytes) -> None:
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket.send(datagram)
        except TimeoutError:
            raise
        except OSError as error:
            what, remedy = explain_socket_error(error)
            raise KernelAnswerError(what, errno=error.errno or 0, remedy=remedy) from None

    def _receive(self, pending: dict[int, Reply], deadline: float) -> None:
        self._socket.settimeout(max(deadline - time.monotonic(), 0.000_001))
        try:
            data, _, flags, _ = self._socket.recvmsg(LARGEST_MESSAGE_BYTES)
        except TimeoutError:
            raise
        except OSError as error:
            what, remedy = explain_socket_error(error)
            raise KernelAnswerError(what, errno=error.errno or 0, remedy=remedy) from None
        if flags & socket.MSG_TRUNC:
            _malformed("a message larger than any the kernel sends")
        if not data:
            _malformed("an empty message")
        for message in self._marshal.parse(data):
            self._take(pending, message)

    @staticmethod
    def _take(pending: dict[int, Reply], message: Any) -> None:
        header = message["header"]
        reply = pending.get(header["sequence_number"])
        if reply is None:
            return  # a record, or the late answer to a request that was given up
        kind = header["type"]
        if kind == messages.NLMSG_ERROR:
            reply.error = message["error"]
        elif kind == messages.NLMSG_DONE and reply.request.dump:
            reply.done = True
        elif kind == reply.request.data:
            reply.payloads.append(message["payload"])
        else:
            name = messages.REQUEST_NAMES.get(reply.request.kind, str(reply.request.kind))
            _malformed(f"message type {kind} to {name}")

    def _late(self, replies: Sequence[Reply]) -> NoReturn:
        late = next(reply.request.kind for reply in replies if not reply.complete)
        name = messages.REQUEST_NAMES.get(late, str(late))
        raise KernelAnswerError(
            f"the kernel did not answer {name} within {self._timeout_s:g} s",
            errno=errno.ETIMEDOUT,
            remedy="look for a stalled audit daemon or another program that delays audit",
        )


def _malformed(what: str) -> NoReturn:
    raise KernelAnswerError(
        f"the kernel's audit answered in a way that is not understood ({what})",
        remedy="report this with the output of `uname -r`",
    )
