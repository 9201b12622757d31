"""Events of an audit.log, assembled as aureport does it.

Records of the same node, time and serial are one event. A message of a program is an event by
itself. Other events end when one begins that is two seconds later by the records' own time; a
record that comes even later begins the event anew. Source: audit-userspace 3.0.9,
src/ausearch-lol.c.
"""

import cython
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

from consumer.record.header cimport Header
from consumer.log.event cimport NODE, TYPE, LogEvent, add_part, begin_event
from consumer.log.fields cimport LogFields
from consumer.log.tenths cimport LogTenths


cdef inline bint stands_alone(int record_type) noexcept nogil:
    """Types that begin an event and end it."""
    return (record_type < 1300 or record_type == 1327 or record_type == 2000
            or record_type >= 2100 or 1406 <= record_type <= 1419)


cdef inline uint32_t place_of(uint32_t node, uint64_t stamp_ms, uint32_t serial) noexcept nogil:
    # Serials are consecutive, so neighbours share cache lines; other times are far apart.
    return (serial + <uint32_t>(stamp_ms // 1000 * 0x9E3779B1u)
            + node * 0x85EBCA6Bu) & (PLACES - 1)


@cython.final
cdef class LogEvents:
    """Assembles records and passes ended events to `fields`; `tenths` counts them by time."""

    def __cinit__(self, LogFields fields not None, LogTenths tenths not None):
        cdef uint32_t place
        self.fields = fields
        self.tenths = tenths
        self.events = <LogEvent *>malloc(OPEN_LIMIT * sizeof(LogEvent))
        self.places = <uint32_t *>malloc(PLACES * sizeof(uint32_t))
        self.seconds = <Second *>malloc(OPEN_LIMIT * sizeof(Second))
        if self.events == NULL or self.places == NULL or self.seconds == NULL:
            raise MemoryError
        for place in range(PLACES):
            self.places[place] = NOBODY
        self.free_event = self.last = self.newest = NOBODY

    def __dealloc__(self):
        free(self.events)
        free(self.places)
        free(self.seconds)

    def finish(self):
        """End all events: no more records will come."""
        with nogil:
            while self.second_count:
                self.end_oldest()

    cdef void take(self, uint32_t node, int record_type, const uint8_t *text,
                   const Header *header, uint32_t length, uint32_t line_bytes) noexcept nogil:
        """Take one record; `line_bytes` is its size in the file."""
        cdef uint32_t number = self.find(node, header)
        cdef bint begun = number == NOBODY
        cdef LogEvent *event
        if begun:
            if record_type == 1320:
                self.stray_ends += 1
                return
            number = self.begin(node, record_type, header)
        event = &self.events[number]
        self.tenths.add(header.stamp_ms, begun)
        event.records += 1
        event.bytes += line_bytes
        add_part(event, record_type, line_bytes)
        self.queue(node, record_type, header.stamp_ms // 1000)
        self.fields.take(event, record_type, text, header.body, length)
        if not begun:
            return
        if stands_alone(record_type):
            self.fields.count(event)
            self.ended += 1
            self.release(number)
        else:
            self.wait_for_more(number)
            self.last = number
        self.end_until(header.stamp_ms // 1000)

    cdef void queue(self, uint32_t node, int record_type, uint64_t second) noexcept nogil:
        """Count a record that the kernel queued in this second.

        Each event of a call also has a record of its end, which auditd does not write.
        """
        cdef Busy *busy = &self.busy[(second + node * 31) % BUSY]
        if busy.second != second or busy.node != node:
            busy[0] = Busy(second, 0, node)
        busy.records += 0 if record_type == 1320 else 2 if record_type == 1300 else 1
        if busy.records > self.busiest_records:
            self.busiest_records = busy.records
            self.busiest_second = second

    cdef uint32_t find(self, uint32_t node, const Header *header) noexcept nogil:
        cdef LogEvent *event
        cdef uint32_t number = self.last
        if number != NOBODY:
            event = &self.events[number]
            if (event.serial == header.serial and event.stamp_ms == header.stamp_ms
                    and event.value[NODE] == node):
                return number
        number = self.places[place_of(node, header.stamp_ms, header.serial)]
        while number != NOBODY:
            event = &self.events[number]
            if (event.serial == header.serial and event.stamp_ms == header.stamp_ms
                    and event.value[NODE] == node):
                self.last = number
                return number
            number = event.older
        return NOBODY

    cdef uint32_t begin(self, uint32_t node, int record_type,
                        const Header *header) noexcept nogil:
        cdef uint32_t number
        cdef int32_t kind = record_type
        if self.free_event == NOBODY and self.used == OPEN_LIMIT:
            self.evicted += 1
            self.end_oldest()
        if self.free_event != NOBODY:
            number = self.free_event
            self.free_event = self.events[number].following
        else:
            number = self.used
            self.used += 1
        begin_event(&self.events[number], header.stamp_ms, header.serial)
        self.events[number].value[NODE] = node
        if record_type >= 0:
            self.events[number].value[TYPE] = self.fields.number(TYPE, &kind, 4)
        if self.first_ms == 0 or header.stamp_ms < self.first_ms:
            self.first_ms = header.stamp_ms
        if header.stamp_ms > self.last_ms:
            self.last_ms = header.stamp_ms
        return number

    cdef void release(self, uint32_t number) noexcept nogil:
        self.events[number].following = self.free_event
        self.free_event = number

    cdef void wait_for_more(self, uint32_t number) noexcept nogil:
        """Make the event findable, and add it to its second; a run of one second is one entry."""
        cdef LogEvent *event = &self.events[number]
        cdef uint32_t place = place_of(event.value[NODE], event.stamp_ms, event.serial)
        cdef uint64_t second = event.stamp_ms // 1000
        cdef uint32_t at, above
        event.older = self.places[place]
        self.places[place] = number
        event.following = NOBODY
        if self.newest != NOBODY and self.newest_second == second:
            self.events[self.newest].following = number
            self.newest = number
            return
        self.newest = number
        self.newest_second = second
        at = self.second_count
        self.second_count += 1
        while at and self.seconds[(at - 1) >> 1].second > second:
            above = (at - 1) >> 1
            self.seconds[at] = self.seconds[above]
            at = above
        self.seconds[at] = Second(second, number)

    cdef void end_until(self, uint64_t second) noexcept nogil:
        while self.second_count and self.seconds[0].second + 2 <= second:
            self.end_oldest()

    cdef void end_oldest(self) noexcept nogil:
        """End the events of one entry of the oldest second."""
        cdef uint32_t number = self.seconds[0].first, following, at = 0, below
        cdef uint32_t *link
        cdef LogEvent *event
        cdef Second moved
        if self.seconds[0].second == self.newest_second:
            self.newest = NOBODY
        while number != NOBODY:
            event = &self.events[number]
            following = event.following
            self.fields.count(event)
            self.ended += 1
            link = &self.places[place_of(event.value[NODE], event.stamp_ms, event.serial)]
            while link[0] != number:
                link = &self.events[link[0]].older
            link[0] = event.older
            if self.last == number:
                self.last = NOBODY
            self.release(number)
            number = following
        self.second_count -= 1
        moved = self.seconds[self.second_count]
        while 2 * at + 1 < self.second_count:
            below = 2 * at + 1
            if (below + 1 < self.second_count
                    and self.seconds[below + 1].second < self.seconds[below].second):
                below += 1
            if self.seconds[below].second >= moved.second:
                break
            self.seconds[at] = self.seconds[below]
            at = below
        self.seconds[at] = moved
