# The memory that the supervisor and its workers share: one gate, and one tally per worker.

from libc.stdint cimport int64_t, uint32_t, uint64_t

from workloads.parts.buckets cimport add_shared, histogram

cdef enum:
    ERRNOS = 256      # Linux's error numbers end at 133
    STATUSES = 512    # exit codes 0 to 255, then 256 + signal


cdef extern from *:
    uint32_t __atomic_load_n(uint32_t *, int) noexcept nogil
    void __atomic_store_n(uint32_t *, uint32_t, int) noexcept nogil
    const int __ATOMIC_ACQUIRE
    const int __ATOMIC_RELEASE


cdef struct gate:
    uint32_t go               # a futex: 0 wait, 1 run
    volatile uint32_t stop    # a futex too: open-loop pauses sleep on it
    int64_t base_ns           # open loop: the intended start of the first operation


cdef struct tally:
    int64_t start_ns
    int64_t end_ns
    uint64_t ops
    uint64_t failures
    int64_t behind_ns         # open loop: worst lateness of a start
    int64_t longest_ns        # open loop: the longest operation, from its intended start,
    int64_t longest_end_ns    # and when it ended
    int64_t spun_ns           # open loop: time burnt waiting for intended starts
    int64_t probe_before_ns   # the fixed work of speed.pyx, just before and after
    int64_t probe_after_ns
    int64_t speed_wait_ns     # waited for full speed, before the session
    int64_t busy_ns           # spent on work of its own (--busy-ns)
    int64_t cpu_user_ns
    int64_t cpu_system_ns
    int64_t children_user_ns
    int64_t children_system_ns
    int64_t voluntary_switches
    int64_t involuntary_switches
    int64_t children_voluntary_switches
    int64_t children_involuntary_switches
    int64_t max_rss_bytes
    uint64_t errors[ERRNOS]
    uint64_t statuses[STATUSES]
    histogram latency


cdef inline bint is_open(gate *entry) noexcept nogil:
    # Acquires, so that a process that sees it open sees base_ns too.
    return __atomic_load_n(&entry.go, __ATOMIC_ACQUIRE) != 0


cdef inline void open_gate(gate *entry) noexcept nogil:
    __atomic_store_n(&entry.go, 1, __ATOMIC_RELEASE)


# Atomic, as the processes of a tree count into one tally.

cdef inline void count_failure(tally *mine, int error) noexcept nogil:
    add_shared(&mine.failures, 1)
    add_shared(&mine.errors[error if 0 < error < ERRNOS else 0], 1)


cdef inline void count_op(tally *mine) noexcept nogil:
    add_shared(&mine.ops, 1)


cdef class SharedTallies:
    cdef gate *gate
    cdef tally *tallies
    cdef size_t size_bytes
    cdef readonly int workers
    cdef tally *tally_of(self, int worker) except NULL
