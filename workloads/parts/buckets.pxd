# A log-linear histogram of nanoseconds, like HDR histograms: exact below 128, then 128
# buckets for each power of two (a value is known to 1/128, 0.8 %), up to 2**64 without overflow.
# Nothing is allocated. The Python twin, which reads it, is latency.py.

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    int __builtin_clzll(unsigned long long) noexcept nogil
    uint64_t __atomic_fetch_add(uint64_t *, uint64_t, int) noexcept nogil
    bint __atomic_compare_exchange_n(uint64_t *, uint64_t *, uint64_t, bint, int, int) \
        noexcept nogil
    const int __ATOMIC_RELAXED


cdef enum:
    SUB_BUCKET_BITS = 7
    SUB_BUCKETS = 128
    BUCKETS = 7424


cdef struct histogram:
    uint64_t count
    uint64_t total_ns
    uint64_t min_ns
    uint64_t max_ns
    uint64_t buckets[BUCKETS]


cdef inline int bucket_of(uint64_t value) noexcept nogil:
    cdef int shift
    if value < SUB_BUCKETS:
        return <int>value
    shift = 63 - __builtin_clzll(value) - SUB_BUCKET_BITS
    return (shift << SUB_BUCKET_BITS) + <int>(value >> shift)


cdef inline void record(histogram *latency, int64_t elapsed_ns) noexcept nogil:
    # A monotonic clock does not go back; the guard is for intended starts in the future.
    cdef uint64_t value = <uint64_t>elapsed_ns if elapsed_ns > 0 else 0
    latency.buckets[bucket_of(value)] += 1
    latency.count += 1
    latency.total_ns += value
    if value < latency.min_ns:
        latency.min_ns = value
    if value > latency.max_ns:
        latency.max_ns = value


# For several processes that write into one histogram.

cdef inline void add_shared(uint64_t *sum, uint64_t value) noexcept nogil:
    __atomic_fetch_add(sum, value, __ATOMIC_RELAXED)


cdef inline void raise_shared(uint64_t *highest, uint64_t value) noexcept nogil:
    # A failed exchange reads the present value into `seen`.
    cdef uint64_t seen = highest[0]
    while value > seen and not __atomic_compare_exchange_n(
            highest, &seen, value, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED):
        pass


cdef inline void lower_shared(uint64_t *lowest, uint64_t value) noexcept nogil:
    cdef uint64_t seen = lowest[0]
    while value < seen and not __atomic_compare_exchange_n(
            lowest, &seen, value, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED):
        pass


cdef inline void record_shared(histogram *latency, uint64_t value) noexcept nogil:
    add_shared(&latency.buckets[bucket_of(value)], 1)
    add_shared(&latency.count, 1)
    add_shared(&latency.total_ns, value)
    lower_shared(&latency.min_ns, value)
    raise_shared(&latency.max_ns, value)
