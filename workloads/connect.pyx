# cython: auto_pickle=False, autotestdict=False
"""The workload `connect`: connect(2) on an existing UDP socket, nothing else.

The shortest call that makes a whole audit event, and so the best to fill the kernel's queue.
Connecting a datagram socket again only replaces its peer; nothing is sent. The supervisor opens
the sockets, one for each worker, before the audit session begins.
"""

import socket

import cython

from libc.errno cimport errno

from workloads.parts.datagram cimport Target, connect, sockaddr, target
from workloads.parts.load cimport Load
from workloads.running.sink import open_sink


cdef struct line:
    int fd
    const target *where


cdef int connect_once(void *state) noexcept nogil:
    cdef const line *mine = <const line *>state
    if connect(mine.fd, <const sockaddr *>&mine.where.address, mine.where.address_bytes) < 0:
        return errno
    return 0


@cython.final
cdef class Connect(Load):
    """Connects to `sink` (see `workloads.running.sink`), each worker on a socket of its own."""

    cdef object sink
    cdef list sockets
    cdef Target target
    cdef line line

    def __init__(self, sink, workers: int):
        self.sink = sink
        self.sockets = [socket.socket(sink.family, socket.SOCK_DGRAM) for _ in range(workers)]
        self.target = sink.target()
        self.line.where = &self.target.where
        self.operation = connect_once
        self.state = &self.line

    def prepare(self, shared, worker) -> None:
        """Take the worker's socket."""
        Load.prepare(self, shared, worker)
        self.line.fd = self.sockets[worker].fileno()

    def details(self, done) -> dict[str, object]:
        """The target of the connects."""
        return self.sink.details()


def build(options) -> Connect:
    """The workload with `--address`, `--port`, `--netns`."""
    return Connect(open_sink(options), options.workers)
