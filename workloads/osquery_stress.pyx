# cython: auto_pickle=False, autotestdict=False
"""The workload `osquery-stress -n N`: the load of osquery's old stress script, with its tree.

Source: osquery's tools/analysis/system_stress.py, deleted in 2019. A node of the tree runs one
shell (`echo 'hi' > /dev/null`) and sends one datagram (socket, connect, send, shutdown, close);
below level N it then forks N processes, which are the nodes of the next N levels, and waits for
them. The script visits N such trees, one from each level, which makes N * 2**N nodes. As in the
script, leaves also search for the largest prime factor of a fixed number. An operation is a node's
shell and datagram; operations are rounded up to whole runs of the script. Closed loop only.
"""

import cython
from libc.errno cimport errno
from libc.stdint cimport int64_t, uint64_t
from posix.types cimport pid_t
from posix.unistd cimport _exit, fork
from posix.wait cimport waitpid

from workloads.parts.tallies cimport SharedTallies, count_failure, count_op, gate, tally
from workloads.parts.buckets cimport record_shared
from workloads.parts.clock cimport monotonic_ns
from workloads.parts.datagram cimport Target, send_datagram, target
from workloads.parts.load cimport Load, share
from workloads.parts.spawn cimport Program, program, spawn_and_wait
import sys

from workloads.running.programs import shell_path, shell_program
from workloads.running.sink import open_sink

DEFAULT_N = 4
COSTLY_N = 10     # 10,240 shells

cdef enum:
    MOST_CHILDREN = 16

cdef int64_t NUMBER_TO_FACTOR = 3298723423324


cdef struct tree:
    int n
    gate *entry
    tally *mine
    program *shell
    target *where


cdef int64_t largest_prime_factor(int64_t number) noexcept nogil:
    cdef int64_t candidate = 2
    while candidate * candidate <= number:
        if number % candidate:
            candidate += 1
        else:
            number //= candidate
    return number


cdef void act(tree *what) noexcept nogil:
    cdef int64_t before = monotonic_ns()
    cdef int spawn_error = spawn_and_wait(what.shell)
    cdef int send_error = send_datagram(what.where)
    record_shared(&what.mine.latency, <uint64_t>(monotonic_ns() - before))
    if spawn_error or send_error:
        count_failure(what.mine, spawn_error if spawn_error else send_error)
    count_op(what.mine)


cdef void visit(tree *what, int level) noexcept nogil:
    # In the tree's processes no Python code runs: they were forked from within this loop.
    cdef pid_t children[MOST_CHILDREN]
    cdef int child, status
    if what.entry.stop:
        return
    act(what)
    if level >= what.n:
        if largest_prime_factor(NUMBER_TO_FACTOR) == 0:    # never; keeps the work from the
            what.mine.failures += 1                        # optimiser
        return
    for child in range(what.n):
        children[child] = fork()
        if children[child] == 0:
            visit(what, level + child + 1)
            _exit(0)
        if children[child] < 0:
            count_failure(what.mine, errno)
    for child in range(what.n):
        if children[child] > 0:
            waitpid(children[child], &status, 0)


@cython.final
cdef class OsqueryStress(Load):
    """The script with intensity `n`, sending its datagrams to `sink`."""

    cdef object sink
    cdef Target target
    cdef Program program
    cdef tree what
    cdef long long expected

    def __init__(self, int n, sink):
        self.what.n = n
        self.sink = sink
        self.target = sink.target(shut_down=True)
        self.program = shell_program("echo 'hi' > /dev/null")
        self.what.shell = &self.program.what
        self.what.where = &self.target.where

    @property
    def nodes(self) -> int:
        """Operations of one run of the script."""
        return self.what.n * 2 ** self.what.n

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Direct all counts to this worker's tally, which its whole tree shares."""
        Load.prepare(self, shared, worker)
        self.what.mine = self.mine
        self.program.what.statuses = self.mine.statuses

    def planned_ops(self, wanted, default_ops) -> int:
        """Whole runs of the script; one if no number was given."""
        self.expected = -(-(wanted or 1) // self.nodes) * self.nodes
        return self.expected

    def share_of(self, long long ops, int worker, int workers) -> int:
        """This worker's operations, also in whole runs."""
        return Load.share_of(self, ops // self.nodes, worker, workers) * self.nodes

    cdef void perform(self, gate *entry, const share *part) noexcept nogil:
        cdef uint64_t runs = part.ops // <uint64_t>(self.what.n << self.what.n), _run
        cdef int level
        self.what.entry = entry
        self.mine.start_ns = monotonic_ns()
        for _run in range(runs):
            for level in range(self.what.n):
                visit(&self.what, level)
        self.mine.end_ns = monotonic_ns()

    def yields(self, usual) -> dict[str, float]:
        """The usual ones, and a setsockopt if the sockets are bound to an interface."""
        return self.sink.yields(usual)

    def details(self, done) -> dict[str, object]:
        """The counts as the script printed them, and the target of the datagrams."""
        return {
            **self.sink.details(),
            "program": shell_path(),
            "n": self.what.n,
            "expected": self.expected,
            "executed": done,
            "printed": [
                f"Expecting {self.expected} (default shell) processes",
                f"Executed {done} (default shell) processes",
            ],
        }


def build(options) -> OsqueryStress:
    """The workload with `-n` and the sink's options."""
    n = DEFAULT_N if options.n is None else options.n
    if n > COSTLY_N:
        print(f"workloads: -n {n} starts {n * 2**n} shells; it may take minutes", file=sys.stderr)
    return OsqueryStress(n, open_sink(options))
