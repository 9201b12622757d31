"""Records as the lines of a raw audit.log."""

from libc.stdint cimport uint8_t, uint32_t

from consumer.output.outfile cimport OutFile
from consumer.record.types cimport TYPE_LIMIT

cdef enum:
    NAME_BYTES = 32


cdef class LineStore:
    cdef readonly OutFile out
    cdef uint8_t prefix[TYPE_LIMIT][NAME_BYTES]  # b"type=SYSCALL msg="
    cdef uint8_t prefix_length[TYPE_LIMIT]

    cdef void put_line(self, uint32_t record_type, const uint8_t *text,
                       uint32_t length) noexcept nogil
