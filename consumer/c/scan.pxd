"""scan.h: spaces and equal signs of 64 bytes as bit masks."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef extern from "scan.h" nogil:
    void scan_block(const uint8_t *block, uint64_t *spaces, uint64_t *equals)
    uint32_t scan_lowest(uint64_t mask)
    void scan_prefetch(const void *where)
