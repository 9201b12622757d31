"""Events put together from records: the table of events in flight."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from consumer.event cimport Event
from consumer.fields cimport Field, Fields
from consumer.groups cimport Groups, Outcome
from consumer.header cimport Header
from consumer.prints cimport Prints
from consumer.types cimport TYPE_LIMIT

cdef enum:
    WAYS = 4          # events whose serials share a place in the table
    ARCHES = 4
    SYSCALLS = 512
    PID_LIMIT = 4194304


cdef struct Tags:
    uint64_t tick[WAYS]    # order of arrival, counted in events; 0: the way is free
    uint32_t serial[WAYS]


cdef class Assembler:
    cdef Tags *tags        # one per set
    cdef Event *events     # way-major, so that following serials lie side by side
    cdef uint32_t sets
    cdef uint64_t ticks
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

    cdef void add(self, uint32_t record_type, const uint8_t *text, uint32_t length,
                  const Header *header, Fields *fields) noexcept nogil
    cdef Event *find(self, const Header *header) noexcept nogil
    cdef Event *replace(self, uint32_t place, const Header *header) noexcept nogil
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
