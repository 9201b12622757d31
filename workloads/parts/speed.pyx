# cython: auto_pickle=False, autotestdict=False
"""The CPU's speed at this moment, by a fixed piece of work that no audit state can slow down.

Other tenants of the same physical core slow a virtual machine down by a third for a second or
two, and no counter of the guest shows it. The work keeps many execution units busy and fits the
first-level cache, so that a busy sibling thread shows. It makes no syscalls.
"""

import time

from libc.stdint cimport int64_t, uint64_t

from workloads.parts.clock cimport monotonic_ns

cdef enum:
    CHUNKS = 15          # the median ignores those in which another task had the CPU
    ROUNDS = 4000
    WORDS = 1024


MOST_WAIT_NS = 2_000_000_000
PAUSE_S = 0.01

cdef uint64_t table[WORDS]


cdef uint64_t work() noexcept nogil:
    cdef uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6
    cdef int i
    for i in range(ROUNDS):
        a = a * <uint64_t>0x5851F42D4C957F2DULL + 1
        b ^= b << 13
        c += table[(i * 7) & (WORDS - 1)]
        d = (d << 5) + d + i
        e ^= table[(i * 13 + 5) & (WORDS - 1)]
        f += a >> 33
        b ^= b >> 7
        table[i & (WORDS - 1)] = c ^ d
    return a ^ b ^ c ^ d ^ e ^ f


cdef uint64_t result = 0


def probe_ns() -> int:
    """The time of the fixed work now: the median of a few, some us."""
    global result
    cdef int64_t before, after
    cdef list took = []
    cdef int _i
    for _i in range(CHUNKS):
        before = monotonic_ns()
        result = work()
        after = monotonic_ns()
        took.append(after - before)
    took.sort()
    return took[CHUNKS // 2]


def await_full_speed(full_ns: int | None) -> tuple[int, int]:
    """Wait for a moment in which the probe takes at most a tenth more than `full_ns`.

    Give up after two seconds. Return the last probe and the time waited; do not wait if full
    speed is unknown.
    """
    started_ns = now_ns = monotonic_ns()
    probe = probe_ns()
    while full_ns is not None and probe * 10 > full_ns * 11 and now_ns - started_ns < MOST_WAIT_NS:
        time.sleep(PAUSE_S)
        probe, now_ns = probe_ns(), monotonic_ns()
    return probe, now_ns - started_ns
