"""A file written in large batches, without the GIL."""

from libc.stdint cimport uint8_t, uint64_t


cdef class OutFile:
    cdef int fd
    cdef uint8_t *buffer
    cdef size_t used
    cdef readonly uint64_t written  # bytes that reached the file
    cdef readonly int error         # errno of the first failed write, 0 if none failed

    cdef uint8_t *room(self, size_t length) noexcept nogil
    cdef void put(self, const void *bytes, size_t length) noexcept nogil
    cdef void flush_buffer(self) noexcept nogil
