"""Executions counted by the kernel's process-event connector, entirely independent of audit.

Missed messages are counted, too. The kernel sends one message for each fork, exec, exit and so
on, with a sequence number per CPU, so that a gap shows every message that the socket's buffer
had no room for.

pyroute2 has the connector too, but not the sequence numbers and the drop counter that make the
count reliable. Source: include/uapi/linux/cn_proc.h, drivers/connector/cn_proc.c.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from harness.errors import HostUnfitError

_NETLINK_CONNECTOR = 11
_CN_PROC = 1  # both CN_IDX_PROC and CN_VAL_PROC; also its multicast group
_LISTEN, _IGNORE = 1, 2
_NLMSG_DONE = 3
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_MEMINFO_DROPS = 8
_RCVBUF_BYTES = 64 * 1024 * 1024

_NLMSGHDR = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_CN_MSG = struct.Struct("=IIIIHH")  # idx, val, seq, ack, len, flags
_EVENT = struct.Struct("=IIQ")  # what, cpu, timestamp_ns
_FOUR = struct.Struct("=4I")
_EVENT_AT = _NLMSGHDR.size + _CN_MSG.size
_DATA_AT = _EVENT_AT + _EVENT.size

_NONE, _FORK, _EXEC = 0, 1, 2
_NO_CPU = 0xFFFFFFFF
"""Older kernels answer requests with this; newer ones number the answer like any event."""
_LISTEN_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class ExecCount:
    """The counts, exact if `missed` and `drops` are 0."""

    execs: int
    """Successful executions of the tree, or of the whole machine if no root was given."""
    forks: int
    """Likewise, processes (not threads)."""
    missed: int
    """Gaps in the sequence numbers: messages of any kind that never arrived."""
    drops: int
    """The socket's own drop counter."""
    messages: int


class ExecCounter:
    """Counts from entering the context to leaving it: `with ExecCounter(root_pid=...) as counter`.

    `root_pid` limits it to that process and its descendants; enter the context before they are
    forked. Afterwards `counter.count` has the numbers. Raises HostUnfitError if the connector is
    not available.
    """

    def __init__(self, *, root_pid: int | None = None) -> None:
        self._tally = _Tally(root_pid)
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._drops = 0

    @property
    def count(self) -> ExecCount:
        """The numbers so far; final once the context is left."""
        return self._tally.count(self._drops)

    def follow(self, pid: int) -> None:
        """Also count this process and those it forks from now on, if the count is limited."""
        self._tally.follow(pid)

    def __enter__(self) -> ExecCounter:
        self._socket = _open_listening()
        self._reader = threading.Thread(target=self._read, name="process-events", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._socket is not None
        assert self._reader is not None
        self._stop.set()
        self._reader.join()
        with suppress(OSError):
            self._socket.send(_request(_IGNORE))
        self._socket.close()

    def _read(self) -> None:
        """Read until told to stop, and then the rest of the queue.

        The kernel queues an event in the context of the process that causes it: all events from
        before the stop are in the buffer by then.
        """
        assert self._socket is not None
        while True:
            stopping = self._stop.is_set()
            if select.select([self._socket], [], [], 0 if stopping else 0.05)[0]:
                self._drain(self._socket)
            elif stopping:
                break
        memory = self._socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 36)
        self._drops = struct.unpack("=9I", memory)[_MEMINFO_DROPS]

    def _drain(self, source: socket.socket) -> None:
        while True:
            try:
                self._tally.add(source.recv(4096))
            except BlockingIOError:
                return
            except OSError:
                # ENOBUFS: the buffer overflowed. The gap in the numbers and the drop counter say
                # by how much.
                continue


class _Tally:
    """The counting itself, message by message."""

    def __init__(self, root_pid: int | None) -> None:
        self._tree = None if root_pid is None else {root_pid}
        self._next: dict[int, int] = {}
        self._execs = self._forks = self._missed = self._messages = 0

    def follow(self, pid: int) -> None:
        """Add one more root; without any, all processes are counted anyway."""
        if self._tree is not None:
            self._tree.add(pid)

    def add(self, datagram: bytes) -> None:
        """Add one connector message; anything else is skipped."""
        if len(datagram) < _DATA_AT + _FOUR.size:
            return
        _idx, _val, sequence, _ack, _length, _flags = _CN_MSG.unpack_from(datagram, _NLMSGHDR.size)
        what, cpu, _timestamp = _EVENT.unpack_from(datagram, _EVENT_AT)
        if cpu == _NO_CPU:
            return
        self._messages += 1
        self._missed += (sequence - self._next.get(cpu, sequence)) & 0xFFFFFFFF
        self._next[cpu] = (sequence + 1) & 0xFFFFFFFF
        if what in {_FORK, _EXEC}:
            self._count(what, *_FOUR.unpack_from(datagram, _DATA_AT))

    def _count(self, what: int, first: int, second: int, third: int, fourth: int) -> None:
        """Count an event. fork: parent pid, parent tgid, child pid, child tgid; exec: pid, tgid."""
        if what == _EXEC:
            self._execs += self._tree is None or second in self._tree
        elif third == fourth and (self._tree is None or second in self._tree):
            self._forks += 1
            if self._tree is not None:
                self._tree.add(fourth)

    def count(self, drops: int) -> ExecCount:
        """The numbers so far."""
        return ExecCount(self._execs, self._forks, self._missed, drops, self._messages)


def _request(operation: int) -> bytes:
    payload = struct.pack("=I", operation)
    message = _CN_MSG.pack(_CN_PROC, _CN_PROC, 0, 0, len(payload), 0) + payload
    return _NLMSGHDR.pack(_NLMSGHDR.size + len(message), _NLMSG_DONE, 0, 0, 0) + message


def _open_listening() -> socket.socket:
    """Open a non-blocking socket to which the kernel has begun to send."""
    remedy = "run it as root on the host itself, with a kernel that has CONFIG_PROC_EVENTS"
    try:
        listener = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_CONNECTOR)
    except OSError as error:
        raise HostUnfitError(f"no process events: {error.strerror}", remedy=remedy) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RCVBUF_BYTES)
        listener.bind((0, _CN_PROC))
        listener.setblocking(False)
        listener.send(_request(_LISTEN))
        _await_answer(listener)
    except OSError as error:
        listener.close()
        why = error.strerror or str(error)
        raise HostUnfitError(f"no process events: {why}", remedy=remedy) from error
    return listener


def _await_answer(listener: socket.socket) -> None:
    """Wait for the kernel's answer: PROC_EVENT_NONE with an errno."""
    deadline = time.monotonic() + _LISTEN_TIMEOUT_S
    while select.select([listener], [], [], max(0.0, deadline - time.monotonic()))[0]:
        datagram = listener.recv(4096)
        if len(datagram) < _DATA_AT + 4:
            continue
        what, _cpu, _timestamp = _EVENT.unpack_from(datagram, _EVENT_AT)
        if what == _NONE:
            error = int(struct.unpack_from("=I", datagram, _DATA_AT)[0])
            if error:
                raise OSError(error, f"the kernel refused with errno {error}")
            return
    raise TimeoutError("the kernel does not answer the request to listen")
