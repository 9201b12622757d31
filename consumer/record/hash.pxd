"""A 64-bit hash of bytes, eight at a time; callers seed it if others choose the bytes."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy


cdef inline uint64_t hash_bytes(uint64_t hashed, const uint8_t *bytes,
                                uint32_t length) noexcept nogil:
    """The hash of these bytes after what is already in `hashed`."""
    cdef uint64_t word
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
