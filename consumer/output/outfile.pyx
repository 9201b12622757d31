"""A file written in large batches, without the GIL.

A failed write sets `error` and drops all later data; the caller checks it between batches.
"""

import cython
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from posix.unistd cimport close, write

import os

cdef enum:
    BUFFER_BYTES = 1048576


@cython.final
cdef class OutFile:
    """Creates or truncates `path`; raises OSError if it cannot."""

    def __cinit__(self, path):
        self.fd = -1
        self.buffer = <uint8_t *>malloc(BUFFER_BYTES)
        if self.buffer == NULL:
            raise MemoryError
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def __dealloc__(self):
        free(self.buffer)
        if self.fd >= 0:
            close(self.fd)

    cdef uint8_t *room(self, size_t length) noexcept nogil:
        """The place of the next `length` bytes (at most BUFFER_BYTES); add those used to `used`."""
        if self.used + length > BUFFER_BYTES:
            self.flush_buffer()
        return self.buffer + self.used

    cdef void put(self, const void *bytes, size_t length) noexcept nogil:
        memcpy(self.room(length), bytes, length)
        self.used += length

    cdef void flush_buffer(self) noexcept nogil:
        cdef size_t done = 0
        cdef ssize_t count
        while done < self.used and not self.error:
            count = write(self.fd, self.buffer + done, self.used - done)
            if count >= 0:
                done += <size_t>count
                self.written += <size_t>count
            elif errno != EINTR:
                self.error = errno
        self.used = 0

    def write(self, const unsigned char[::1] data):
        """Append bytes (at most 1 MiB)."""
        if data.shape[0] > BUFFER_BYTES:
            raise ValueError("more than 1 MiB at once")
        if data.shape[0]:
            self.put(&data[0], data.shape[0])

    def flush(self):
        """Write everything to the file."""
        with nogil:
            self.flush_buffer()
