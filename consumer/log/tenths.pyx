# cython: auto_pickle=False, autotestdict=False
"""How many events and records each tenth of a second of a log has: its rate and its bursts."""

import cython
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc

cdef enum:
    FIRST_ROOM = 4096


@cython.final
cdef class LogTenths:
    """Counts by the records' own time; nothing unless `wanted`."""

    def __cinit__(self, bint wanted):
        self.wanted = wanted

    def __dealloc__(self):
        free(self.tenths)

    def rows(self):
        """(tenth of a second since 1970, events, records) of each that has any, in order."""
        cdef uint64_t at
        found = {}
        for at in range(self.used):
            number = self.tenths[at].number
            events, records = found.get(number, (0, 0))
            found[number] = (events + self.tenths[at].events, records + self.tenths[at].records)
        return [(number, *found[number]) for number in sorted(found)]

    cdef void add(self, uint64_t stamp_ms, bint begun) noexcept nogil:
        """Count a record; `begun` if it is the first of its event."""
        cdef uint64_t number = stamp_ms // 100
        if not self.wanted:
            return
        if self.used == 0 or self.tenths[self.used - 1].number != number:
            if self.used == self.room and not self.grow():
                self.left_out += 1
                return
            self.tenths[self.used].number = number
            self.tenths[self.used].events = self.tenths[self.used].records = 0
            self.used += 1
        self.tenths[self.used - 1].events += begun
        self.tenths[self.used - 1].records += 1

    cdef bint grow(self) noexcept nogil:
        cdef uint64_t room = max(2 * self.room, <uint64_t>FIRST_ROOM)
        cdef Tenth *larger = <Tenth *>realloc(self.tenths, room * sizeof(Tenth))
        if larger == NULL:
            return False
        self.tenths = larger
        self.room = room
        return True
