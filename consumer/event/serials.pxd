"""The serials seen, in constant memory: first, last, distinct and gaps.

A bit window follows the highest serial. A serial further back than the window cannot be
distinguished from one already counted, so it is not counted. After a start marker, those before its
serial are not counted either. Serials wrap at 2^32; the record's time is ignored.
"""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

cdef enum:
    WINDOW_BITS = 1048576
    WINDOW_WORDS = 16384


cdef struct Serials:
    bint started
    bint anchored      # `lowest` is the start marker's and stays
    uint32_t lowest
    uint32_t highest
    int64_t span       # highest - lowest, not wrapped
    uint64_t distinct
    uint64_t bits[WINDOW_WORDS]


cdef inline void mark(Serials *self, uint32_t serial) noexcept nogil:
    self.bits[(serial % WINDOW_BITS) >> 6] |= <uint64_t>1 << (serial & 63)
    self.distinct += 1


cdef inline void advance(Serials *self, uint32_t serial, int32_t distance) noexcept nogil:
    """Forget the serials that leave the window when `serial` becomes the highest."""
    cdef uint32_t passing = self.highest
    if distance >= WINDOW_BITS:
        memset(self.bits, 0, sizeof(self.bits))
    else:
        while passing != serial:
            passing += 1
            self.bits[(passing % WINDOW_BITS) >> 6] &= ~(<uint64_t>1 << (passing & 63))
    self.highest = serial
    self.span += distance
    mark(self, serial)


cdef inline void see_serial(Serials *self, uint32_t serial) noexcept nogil:
    cdef int32_t distance = <int32_t>(serial - self.highest)
    if distance == 0 and self.started:
        return
    if not self.started:
        self.started = True
        self.lowest = self.highest = serial
        mark(self, serial)
    elif distance > 0:
        advance(self, serial, distance)
    elif distance > -WINDOW_BITS:
        if self.bits[(serial % WINDOW_BITS) >> 6] >> (serial & 63) & 1:
            return
        if self.span + distance < 0:
            if self.anchored:
                return
            self.span = -<int64_t>distance
            self.lowest = serial
        mark(self, serial)


cdef inline bint anchor_serials(Serials *self, uint32_t serial) noexcept nogil:
    """Count from `serial` on, which was seen. Later ones that overtook it stay counted.

    False if it is too far back to be counted at all.
    """
    cdef int32_t behind = <int32_t>(self.highest - serial)
    cdef uint32_t passing = serial
    if behind < 0 or behind >= WINDOW_BITS:
        return False
    self.anchored = True
    self.lowest = serial
    self.span = behind
    self.distinct = 0
    while True:
        self.distinct += self.bits[(passing % WINDOW_BITS) >> 6] >> (passing & 63) & 1
        if passing == self.highest:
            return True
        passing += 1
