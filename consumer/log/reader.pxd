"""Lines of an audit.log."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from consumer.record.header cimport HeaderCache
from consumer.log.events cimport LogEvents
from consumer.log.values cimport Values

cdef enum:
    BUFFER_BYTES = 1048576
    NAME_LIMIT = 40
    NODE_LIMIT = 335    # aureport searches no further
    SAMPLE_BYTES = 1024


cdef class LogReader:
    cdef readonly LogEvents events
    cdef Values types            # names of record types; their numbers beside
    cdef int *type_numbers
    cdef uint32_t last_type
    cdef HeaderCache head
    cdef uint8_t *buffer
    cdef size_t used
    cdef bint skipping           # within a line longer than the buffer
    cdef uint32_t own_pid
    cdef readonly uint64_t lines
    cdef readonly uint64_t records
    cdef readonly uint64_t input_bytes
    cdef readonly uint64_t record_bytes
    cdef readonly uint64_t blank_lines
    cdef readonly uint64_t damaged_lines
    cdef readonly uint64_t damaged_bytes
    cdef readonly uint64_t first_damaged    # line number, 0 for none
    cdef uint8_t sample[SAMPLE_BYTES]
    cdef uint32_t sample_length
    cdef readonly uint64_t long_lines
    cdef readonly uint64_t own_records

    cdef void split(self, bint at_end) noexcept nogil
    cdef void take_line(self, const uint8_t *line, size_t length) noexcept nogil
    cdef void note_damage(self, const uint8_t *line, size_t length) noexcept nogil
    cdef bint read_line(self, const uint8_t *line, uint32_t length,
                        uint32_t line_bytes) noexcept nogil
    cdef bint read_record(self, const uint8_t *line, uint32_t length,
                          uint32_t line_bytes) noexcept nogil
    cdef int type_of(self, const uint8_t *name, uint32_t length) noexcept nogil
    cdef bint is_own(self, const uint8_t *text, uint32_t length) noexcept nogil
