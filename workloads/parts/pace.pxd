# The open loop's wait for an intended start.

from libc.stdint cimport int64_t, uint32_t

from workloads.parts.tallies cimport gate
from workloads.parts.clock cimport monotonic_ns
from workloads.parts.futex cimport futex_wait_until

cdef enum:
    SPIN_NS = 50000    # sleeping ends late by a wake-up, so the last stretch is a spin
    AWAY_NS = 5000     # between two looks at the clock; the CPU was somebody else's meanwhile


cdef inline int64_t wait_until(gate *entry, int64_t due_ns, int64_t *spun_ns) noexcept nogil:
    # Returns the time then: due_ns or later, or earlier if the gate says stop.
    cdef int64_t now = monotonic_ns(), before
    while due_ns - now > SPIN_NS and not entry.stop:
        futex_wait_until(<uint32_t *>&entry.stop, 0, due_ns - SPIN_NS)
        now = monotonic_ns()
    while now < due_ns and not entry.stop:
        before = now
        now = monotonic_ns()
        if now - before < AWAY_NS:
            spun_ns[0] += now - before
    return now
