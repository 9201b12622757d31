# futex(2), as far as the gate needs it. Shared between processes, so not the private kind.

from libc.stdint cimport int64_t, uint32_t
from posix.time cimport timespec

cdef extern from "<sys/syscall.h>" nogil:
    const long SYS_futex

cdef extern from "<linux/futex.h>" nogil:
    const int FUTEX_WAIT
    const int FUTEX_WAKE
    const int FUTEX_WAIT_BITSET
    const unsigned int FUTEX_BITSET_MATCH_ANY

cdef extern from "<unistd.h>" nogil:
    long syscall(long number, ...)

cdef extern from "<limits.h>" nogil:
    const int INT_MAX


cdef inline void futex_wait(uint32_t *word, uint32_t expected) noexcept nogil:
    syscall(SYS_futex, word, FUTEX_WAIT, expected, NULL, NULL, 0)


cdef inline void futex_wait_until(uint32_t *word, uint32_t expected, int64_t due_ns) noexcept nogil:
    # FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, FUTEX_WAIT a relative one.
    cdef timespec due
    due.tv_sec = due_ns // 1000000000
    due.tv_nsec = due_ns % 1000000000
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET, expected, &due, NULL, FUTEX_BITSET_MATCH_ANY)


cdef inline void futex_wake_all(uint32_t *word) noexcept nogil:
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0)
