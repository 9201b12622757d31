"""Events of an audit.log that may still get records."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from consumer.record.header cimport Header
from consumer.log.event cimport LogEvent
from consumer.log.fields cimport LogFields
from consumer.log.tenths cimport LogTenths

cdef enum:
    OPEN_LIMIT = 262144   # events that may still get records; beyond it the oldest second ends
    PLACES = 524288
    NOBODY = 0xFFFFFFFF
    BUSY = 256            # seconds of nodes that are counted at a time


cdef struct Second:
    uint64_t second
    uint32_t first        # its events, chained by `following`


cdef struct Busy:
    uint64_t second
    uint64_t records
    uint32_t node


cdef class LogEvents:
    cdef readonly LogFields fields
    cdef readonly LogTenths tenths
    cdef LogEvent *events
    cdef uint32_t *places      # first of each chain by `older`
    cdef Second *seconds       # a heap, the lowest first
    cdef uint32_t second_count
    cdef uint32_t used         # events that were ever used
    cdef uint32_t free_event   # first of those that are free again
    cdef uint32_t last         # the event of the last record
    cdef uint32_t newest       # bottom of the heap's last push
    cdef uint64_t newest_second
    cdef readonly uint64_t ended
    cdef readonly uint64_t evicted
    cdef readonly uint64_t stray_ends
    cdef readonly uint64_t first_ms
    cdef readonly uint64_t last_ms
    cdef Busy busy[BUSY]
    cdef readonly uint64_t busiest_records  # that the kernel queued in `busiest_second`
    cdef readonly uint64_t busiest_second

    cdef void take(self, uint32_t node, int record_type, const uint8_t *text,
                   const Header *header, uint32_t length, uint32_t line_bytes) noexcept nogil
    cdef void queue(self, uint32_t node, int record_type, uint64_t second) noexcept nogil
    cdef uint32_t find(self, uint32_t node, const Header *header) noexcept nogil
    cdef uint32_t begin(self, uint32_t node, int record_type,
                        const Header *header) noexcept nogil
    cdef void wait_for_more(self, uint32_t number) noexcept nogil
    cdef void end_until(self, uint64_t second) noexcept nogil
    cdef void end_oldest(self) noexcept nogil
    cdef void release(self, uint32_t number) noexcept nogil
