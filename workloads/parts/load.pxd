# The parts of every workload: an operation, its state, and the loop that repeats it.

from libc.stdint cimport int64_t, uint64_t

from workloads.parts.tallies cimport SharedTallies, gate, tally

# One operation; 0, or the errno of the first call in it that failed.
ctypedef int (*operation)(void *state) noexcept nogil


cdef struct share:
    # One worker's part of the load.
    uint64_t ops
    uint64_t first       # open loop: this worker's place among the workers
    uint64_t stride      # open loop: the number of workers
    double period_ns     # open loop: between two intended starts of all workers; 0 is closed
    uint64_t burst       # open loop: how many operations of all workers are due at once, at first
    uint64_t batch       # operations per clock reading (closed loop)
    int64_t busy_ns      # work of its own after each operation


cdef class Load:
    cdef operation operation
    cdef void *state
    cdef tally *mine
    cdef readonly int batch
    cdef void perform(self, gate *entry, const share *part) noexcept nogil
