"""Fingerprints of records that may repeat within an event, so that duplicates are recognised."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from consumer.event.event cimport Event

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
    cdef uint64_t word, hashed = (kind ^ length) * <uint64_t>0x9E3779B97F4A7C15u
    while length >= 8:
        memcpy(&word, bytes, 8)
        hashed = (hashed ^ word) * <uint64_t>0xD6E8FEB86659FD93u
        hashed ^= hashed >> 32
        bytes += 8
        length -= 8
    word = 0
    memcpy(&word, bytes, length)
    hashed = (hashed ^ word) * <uint64_t>0xD6E8FEB86659FD93u
    return hashed ^ hashed >> 29


cdef class Prints:
    cdef PrintBlock *blocks
    cdef uint32_t free_block  # + 1, 0 for none
    cdef readonly uint64_t untold  # records whose fingerprint had no room

    cdef bint knows(self, const Event *event, uint64_t fingerprint) noexcept nogil
    cdef void keep(self, Event *event, uint64_t fingerprint) noexcept nogil
    cdef void drop(self, Event *event) noexcept nogil
