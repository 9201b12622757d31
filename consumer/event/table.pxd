"""The table of events that can still be reached by their serial."""

from libc.stdint cimport uint32_t, uint64_t

from consumer.event.event cimport Event
from consumer.record.header cimport Header

cdef enum:
    WAYS = 4               # events whose serials share a place


cdef struct Tags:
    uint64_t tick[WAYS]    # order of arrival, counted in events; 0: the way is free
    uint32_t serial[WAYS]


cdef class EventTable:
    cdef Tags *tags        # one per place
    cdef Event *events     # way by way, so that consecutive serials are adjacent
    cdef uint32_t places
    cdef uint32_t size
    cdef uint64_t ticks

    cdef Event *find(self, const Header *header) noexcept nogil
    cdef Event *oldest(self, const Header *header) noexcept nogil
