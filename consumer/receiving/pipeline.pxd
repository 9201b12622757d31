"""The processing of each datagram, by depth."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from consumer.event.assemble cimport Assembler
from consumer.output.capture cimport CaptureWriter
from consumer.record.fields cimport Fields
from consumer.record.header cimport HeaderCache
from consumer.event.serials cimport Serials
from consumer.output.store cimport LineStore

cdef enum:
    DEPTH_DISCARD = 0
    DEPTH_COUNT = 1
    DEPTH_DECODE = 2
    DEPTH_ASSEMBLE = 3
    DEPTH_STORE = 4
    HEADER_BYTES = 16       # struct nlmsghdr
    ALL_TYPES = 65536
    MARKERS_KEPT = 65536


cdef class Pipeline:
    cdef readonly int depth
    cdef readonly uint64_t records
    cdef readonly uint64_t text_bytes  # without the 16 bytes of header
    cdef readonly uint64_t truncated
    cdef readonly uint64_t control_messages
    cdef readonly uint64_t malformed
    cdef uint64_t *by_type
    cdef uint64_t *markers
    cdef uint32_t marker_count
    cdef bint marker_came
    cdef uint64_t last_marker
    cdef bint anchored              # the start marker came
    cdef bytes marker
    cdef const char *marker_start
    cdef uint32_t marker_length
    cdef uint32_t ack_sequence      # of the last acknowledgement received
    cdef int32_t ack_error
    cdef bint done                  # NLMSG_DONE came: a feeder's last word
    cdef HeaderCache head
    cdef Serials *serials
    cdef Fields *fields
    cdef readonly Assembler assembler
    cdef LineStore store
    cdef CaptureWriter capture

    cdef void feed(self, const uint8_t *datagram, uint32_t length, bint truncated,
                   uint64_t now_ns) noexcept nogil
    cdef void take_control(self, uint32_t message_type, const uint8_t *datagram,
                           uint32_t length) noexcept nogil
    cdef void look_for_marker(self, const uint8_t *text, uint32_t length) noexcept nogil
    cdef void take_marker(self, bint readable) noexcept nogil
    cdef bint decode(self, uint32_t record_type, const uint8_t *text,
                     uint32_t length) noexcept nogil
