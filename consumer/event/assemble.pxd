"""Assembly of records to events, and their completeness."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from consumer.event.event cimport Event
from consumer.event.table cimport EventTable
from consumer.record.fields cimport Field, Fields
from consumer.event.groups cimport Groups, Outcome
from consumer.record.header cimport Header
from consumer.event.prints cimport Prints
from consumer.record.types cimport TYPE_LIMIT

cdef enum:
    ARCHES = 4
    SYSCALLS = 512
    PID_LIMIT = 4194304


cdef class Assembler:
    cdef EventTable table
    cdef Event *last
    cdef uint32_t kinds[TYPE_LIMIT]
    cdef uint32_t arches[ARCHES]
    cdef uint16_t implied[ARCHES][SYSCALLS]
    cdef uint32_t excluded
    cdef bint path_excluded
    cdef bint contexts_excluded
    cdef uint8_t *tree_pids  # one bit per pid; NULL until a tree is asked for
    cdef Prints prints
    cdef readonly Groups groups
    cdef readonly uint64_t complete
    cdef readonly uint64_t partial
    cdef readonly uint64_t duplicate_records
    cdef readonly uint64_t late_records
    cdef readonly uint64_t evicted
    cdef readonly uint64_t in_flight
    cdef uint32_t span
    cdef bint anchored
    cdef uint32_t anchor_serial
    cdef uint64_t events_before    # the start marker, it included
    cdef uint64_t records_before
    cdef uint64_t final_records

    cdef void add(self, uint32_t record_type, const uint8_t *text, uint32_t length,
                  const Header *header, Fields *fields) noexcept nogil
    cdef void begin_span(self) noexcept nogil
    cdef void anchor(self, uint32_t serial) noexcept nogil
    cdef bint is_before(self, const Event *event) noexcept nogil
    cdef Event *begin(self, const Header *header) noexcept nogil
    cdef bint is_duplicate(self, Event *event, uint32_t kind, const uint8_t *text,
                           uint32_t body, uint32_t length, Fields *fields) noexcept nogil
    cdef void take_path(self, Event *event, const uint8_t *text, uint32_t body, uint32_t length,
                        Fields *fields) noexcept nogil
    cdef void take_syscall(self, Event *event, const uint8_t *text, Fields *fields) noexcept nogil
    cdef void take_other(self, Event *event, uint32_t record_type, const uint8_t *text,
                         Fields *fields) noexcept nogil
    cdef uint32_t rule(self, uint32_t arch, uint64_t number) noexcept nogil
    cdef void see_process(self, Event *event, uint64_t pid, uint64_t ppid) noexcept nogil
    cdef void finalise(self, Event *event) noexcept nogil
    cdef bint describe(self, const Event *event, Outcome *out) noexcept nogil
    cdef void credit_late(self, const Event *event, uint32_t length) noexcept nogil
