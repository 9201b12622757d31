# cython: auto_pickle=False, autotestdict=False
"""The workload `mixed`: one shell, then one datagram, in turn.

The mixture of osquery's old stress script (one connect for each shell) without its process
tree. An operation is both; it fails with the errno of the first that failed.
"""

import cython

from workloads.parts.tallies cimport SharedTallies
from workloads.parts.datagram cimport Target, send_datagram, target
from workloads.parts.load cimport Load
from workloads.parts.spawn cimport Program, program, spawn_and_wait
from workloads.running.programs import shell_path, shell_program
from workloads.running.sink import open_sink


cdef struct both:
    program *shell
    target *where


cdef int spawn_and_send(void *state) noexcept nogil:
    cdef both *what = <both *>state
    cdef int spawn_error = spawn_and_wait(what.shell)
    cdef int send_error = send_datagram(what.where)
    return spawn_error if spawn_error else send_error


@cython.final
cdef class Mixed(Load):
    """Shells, and datagrams to `sink`."""

    cdef object sink
    cdef Target target
    cdef Program program
    cdef both what

    def __init__(self, sink):
        self.sink = sink
        self.target = sink.target()
        self.program = shell_program(":")
        self.what.shell = &self.program.what
        self.what.where = &self.target.where
        self.operation = spawn_and_send
        self.state = &self.what

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Direct the shells' exit statuses to this worker's tally."""
        Load.prepare(self, shared, worker)
        self.program.what.statuses = self.mine.statuses

    def yields(self, usual) -> dict[str, float]:
        """The usual ones, and a setsockopt if the sockets are bound to an interface."""
        return self.sink.yields(usual)

    def details(self, done) -> dict[str, object]:
        """The target of the datagrams, and the shell."""
        return {**self.sink.details(), "program": shell_path()}


def build(options) -> Mixed:
    """The workload with the sink's options, as for `udp`."""
    return Mixed(open_sink(options))
