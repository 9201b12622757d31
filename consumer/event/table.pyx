"""The table of events that can still be reached by their serial.

Set-associative: the low bits of a serial select a place, and WAYS events share it. A new event
takes the way of the oldest, so memory is constant, only one place is searched, and an event stays
for as many further serials as the table has events. The content of events is not used.
"""

import cython
from libc.stdint cimport uint32_t
from libc.stdlib cimport calloc, free

from consumer.event.event cimport Event
from consumer.c.scan cimport scan_prefetch
from consumer.record.header cimport Header


@cython.final
cdef class EventTable:
    """Room for `events` events, a power of two, at least 8."""

    def __cinit__(self, uint32_t events):
        if events < 2 * WAYS or events & (events - 1):
            raise ValueError("events must be a power of two, at least 8")
        self.size = events
        self.places = events // WAYS
        self.tags = <Tags *>calloc(self.places, sizeof(Tags))
        self.events = <Event *>calloc(events, sizeof(Event))
        if self.tags == NULL or self.events == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.tags)
        free(self.events)

    cdef Event *find(self, const Header *header) noexcept nogil:
        """The event of that time and serial, or NULL."""
        cdef uint32_t place = header.serial & (self.places - 1), way = 0
        cdef Tags *tags = &self.tags[place]
        cdef Event *event
        while way < WAYS:
            if tags.serial[way] == header.serial and tags.tick[way]:
                event = &self.events[way * self.places + place]
                if event.stamp_ms == header.stamp_ms:
                    return event
            way += 1
        return NULL

    cdef Event *oldest(self, const Header *header) noexcept nogil:
        """The place for a new event of that serial; the caller ends the event that is there."""
        cdef uint32_t place = header.serial & (self.places - 1), way = 1, oldest = 0
        cdef Tags *tags = &self.tags[place]
        while way < WAYS:
            if tags.tick[way] < tags.tick[oldest]:
                oldest = way
            way += 1
        self.ticks += 1
        tags.tick[oldest] = self.ticks
        tags.serial[oldest] = header.serial
        scan_prefetch(&self.events[oldest * self.places + ((place + 8) & (self.places - 1))])
        return &self.events[oldest * self.places + place]
