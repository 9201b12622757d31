"""Fingerprints of records that may repeat within an event, so that duplicates are recognised."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from consumer.event.event cimport Event
from consumer.record.hash cimport hash_bytes

cdef enum:
    PRINTS_PER_BLOCK = 15
    PRINT_BLOCKS = 4096
    BLOCKS_PER_EVENT = 256  # 3,840 records; the longest command line, 6 MiB, makes 1,700


cdef struct PrintBlock:
    uint64_t prints[PRINTS_PER_BLOCK]
    uint32_t older    # block + 1, 0 for none
    uint32_t number   # of blocks from the event's first to this one


cdef inline uint64_t fingerprint(uint32_t kind, const uint8_t *bytes,
                                 uint32_t length) noexcept nogil:
    """A 64-bit hash of a record of that kind.

    It need not withstand an adversary, who could only hide a record of their own.
    """
    return hash_bytes((kind ^ length) * <uint64_t>0x9E3779B97F4A7C15u, bytes, length)


cdef class Prints:
    cdef PrintBlock *blocks
    cdef uint32_t free_block  # + 1, 0 for none
    cdef readonly uint64_t untold  # records whose fingerprint had no room

    cdef bint knows(self, const Event *event, uint64_t fingerprint) noexcept nogil
    cdef void keep(self, Event *event, uint64_t fingerprint) noexcept nogil
    cdef void drop(self, Event *event) noexcept nogil
