"""Distinct values of one kind, each with a number and sums, in bounded memory.

A value beyond the bounds has no number; its events are summed up separately. The hash has a random
seed, because users choose the values.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset

from consumer.log.event cimport NO_ROOM, NO_VALUE
from consumer.record.hash cimport hash_bytes

cdef enum:
    FIRST_ROOM = 256
    VALUE_LIMIT = 1048576
    TEXT_LIMIT = 67108864


cdef struct Value:
    uint64_t hashed
    uint64_t place    # of its bytes in `text`
    uint64_t events
    uint64_t records
    uint64_t bytes
    uint32_t length


cdef struct Values:
    Value *values
    uint32_t *slots   # number + 1, 0 for none; twice as many as there is room for values
    uint8_t *text
    uint64_t text_used
    uint64_t text_room
    uint64_t seed
    uint32_t count
    uint32_t room
    uint32_t last
    uint64_t overflowed       # events whose value had no room
    uint64_t left_out         # events that aureport leaves out


cdef inline uint64_t seeded_hash(uint64_t hashed, const uint8_t *bytes,
                                 uint32_t length) noexcept nogil:
    return hash_bytes(hashed ^ length * <uint64_t>0x9E3779B97F4A7C15u, bytes, length)


cdef inline void free_values(Values *self) noexcept nogil:
    free(self.values)
    free(self.slots)
    free(self.text)


cdef inline bint equals(Values *self, const Value *value, const uint8_t *bytes,
                        uint32_t length) noexcept nogil:
    return value.length == length and memcmp(self.text + value.place, bytes, length) == 0


cdef inline bint widen(Values *self) noexcept nogil:
    """Make room for twice as many values; false if there is no memory."""
    cdef uint32_t room = self.room * 2 if self.room else FIRST_ROOM
    cdef uint32_t number, at
    cdef Value *values = <Value *>realloc(self.values, room * sizeof(Value))
    cdef uint32_t *slots
    if values == NULL:
        return False
    self.values = values
    slots = <uint32_t *>calloc(room * 2, sizeof(uint32_t))
    if slots == NULL:
        return False
    free(self.slots)
    self.slots = slots
    self.room = room
    for number in range(self.count):
        at = <uint32_t>values[number].hashed & (room * 2 - 1)
        while slots[at]:
            at = (at + 1) & (room * 2 - 1)
        slots[at] = number + 1
    return True


cdef inline bint keep_text(Values *self, const uint8_t *bytes, uint32_t length) noexcept nogil:
    cdef uint64_t room = self.text_room if self.text_room else 4096
    cdef uint8_t *text
    while room < self.text_used + length:
        room *= 2
    if room != self.text_room:
        text = <uint8_t *>realloc(self.text, room)
        if text == NULL:
            return False
        self.text = text
        self.text_room = room
    memcpy(self.text + self.text_used, bytes, length)
    return True


cdef inline uint32_t add_value(Values *self, uint64_t hashed, const uint8_t *bytes,
                               uint32_t length) noexcept nogil:
    cdef Value *value
    cdef uint32_t at
    if (self.count == VALUE_LIMIT or self.text_used + length > TEXT_LIMIT
            or (self.count == self.room and not widen(self))
            or not keep_text(self, bytes, length)):
        return NO_ROOM
    value = &self.values[self.count]
    memset(value, 0, sizeof(Value))
    value.hashed = hashed
    value.place = self.text_used
    value.length = length
    self.text_used += length
    at = <uint32_t>hashed & (self.room * 2 - 1)
    while self.slots[at]:
        at = (at + 1) & (self.room * 2 - 1)
    self.count += 1
    self.slots[at] = self.count
    return self.count - 1


cdef inline uint32_t find_value(Values *self, uint64_t hashed, const uint8_t *bytes,
                                uint32_t length) noexcept nogil:
    cdef uint32_t at, number
    if self.count == 0:
        return NO_VALUE
    at = <uint32_t>hashed & (self.room * 2 - 1)
    while self.slots[at]:
        number = self.slots[at] - 1
        if self.values[number].hashed == hashed and equals(self, &self.values[number], bytes,
                                                           length):
            return number
        at = (at + 1) & (self.room * 2 - 1)
    return NO_VALUE


cdef inline uint32_t number_of(Values *self, const uint8_t *bytes, uint32_t length) noexcept nogil:
    """The number of a value, a new one if needed; NO_ROOM if there is no room."""
    cdef uint64_t hashed
    cdef uint32_t number
    if self.last < self.count and equals(self, &self.values[self.last], bytes, length):
        return self.last
    hashed = seeded_hash(self.seed, bytes, length)
    number = find_value(self, hashed, bytes, length)
    if number == NO_VALUE:
        number = add_value(self, hashed, bytes, length)
    if number != NO_ROOM:
        self.last = number
    return number


cdef inline void count_value(Values *self, uint32_t number, uint32_t records,
                             uint64_t bytes) noexcept nogil:
    if number == NO_VALUE:
        return
    if number == NO_ROOM:
        self.overflowed += 1
        return
    self.values[number].events += 1
    self.values[number].records += records
    self.values[number].bytes += bytes
