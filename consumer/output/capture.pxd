"""Datagrams kept in a capture file; docs/capture.md describes the format."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from consumer.output.outfile cimport OutFile


cdef class CaptureWriter:
    cdef readonly OutFile out
    cdef uint64_t first_ns
    cdef bint started

    cdef void put_datagram(self, uint64_t now_ns, const uint8_t *datagram,
                           uint32_t length) noexcept nogil
