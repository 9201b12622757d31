# cython: auto_pickle=False, autotestdict=False
"""The workload `syscalls`: getppid(2), the cheapest call, which no rule audits.

It shows the cost of the audit hooks at syscall entry and exit by themselves. The call goes
through syscall(2), as a C library may answer getppid from memory. One call takes about 0.1 us,
so the clock is read once per 64 calls and the histogram holds the mean of each 64.
"""

import cython

from workloads.parts.futex cimport syscall
from workloads.parts.load cimport Load

cdef extern from "<sys/syscall.h>" nogil:
    const long SYS_getppid

CALLS_PER_CLOCK_READING = 64


cdef int getppid_once(void *state) noexcept nogil:
    syscall(SYS_getppid)
    return 0


@cython.final
cdef class Syscalls(Load):
    """getppid in a loop."""

    def __cinit__(self, *args, **kwargs):
        self.operation = getppid_once
        self.batch = CALLS_PER_CLOCK_READING


def build(options) -> Syscalls:
    """The workload; it has no options of its own."""
    return Syscalls()
