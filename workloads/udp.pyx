# cython: auto_pickle=False, autotestdict=False
"""The workload `udp`: socket, connect, send of five bytes, close, on a new socket each time.

The datagrams go to a sink that the supervisor bound before the session began; its receive
buffer is tiny, so the kernel drops most of them at once and nothing has to read. Nothing leaves
the machine unless the user names an address that is not the machine's own.
"""

import cython

from workloads.parts.datagram cimport Target, send_datagram, target
from workloads.parts.load cimport Load
from workloads.running.sink import open_sink


cdef int send_once(void *state) noexcept nogil:
    return send_datagram(<target *>state)


@cython.final
cdef class Udp(Load):
    """Datagrams to `sink` (see `workloads.running.sink`)."""

    cdef object sink
    cdef Target target

    def __init__(self, sink):
        self.sink = sink
        self.target = sink.target()
        self.operation = send_once
        self.state = &self.target.where

    def yields(self, usual) -> dict[str, float]:
        """The usual ones, and a setsockopt if the sockets are bound to an interface."""
        return self.sink.yields(usual)

    def details(self, done) -> dict[str, object]:
        """The target of the datagrams."""
        return self.sink.details()


def build(options) -> Udp:
    """The workload with `--address`, `--port`, `--interface`, `--netns`, `--sink-buffer`."""
    return Udp(open_sink(options))
