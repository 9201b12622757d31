"""Sums by value of each kind, and setting the values of an event.

Of the text they come from, only quotes and hex are known here.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp, memcpy

from consumer.record.fields cimport MAX_TEXT
from consumer.log.event cimport (
    ADDRESS,
    AUID,
    EXE,
    KEY,
    KINDS,
    NO_ROOM,
    NO_VALUE,
    PART,
    PARTS,
    SHAPE,
    SUBJ,
    SYSCALL,
    UID,
    LogEvent,
)
from consumer.log.rough cimport unescape
from consumer.log.values cimport count_value, free_values, number_of

import os


cdef inline uint32_t without_empty(uint8_t *keys, uint32_t length) noexcept nogil:
    """Close the gaps that empty keys leave between the separators; return the new length."""
    cdef uint32_t at, kept = 0
    for at in range(length):
        if keys[at] != 1 or (kept and keys[kept - 1] != 1):
            keys[kept] = keys[at]
            kept += 1
    return kept - 1 if kept and keys[kept - 1] == 1 else kept


cdef class ValueSums:
    """Sums by value of each kind in `wanted`, a set of the numbers of event.pxd.

    An event counts wherever it has a value; with `as_aureport` only where aureport counts it.
    """

    def __cinit__(self, wanted, bint as_aureport=False):
        self.as_aureport = as_aureport
        for kind in range(KINDS):
            self.kinds[kind].seed = int.from_bytes(os.urandom(8))
            self.wanted |= (kind in wanted) << kind

    def __dealloc__(self):
        cdef uint32_t kind
        for kind in range(KINDS):
            free_values(&self.kinds[kind])

    def rows(self, uint32_t kind):
        """(value, events, records, bytes) of each value of a kind, in order of first occurrence."""
        values = self.kinds[kind]
        return [
            (values.text[values.values[i].place:values.values[i].place + values.values[i].length],
             values.values[i].events, values.values[i].records, values.values[i].bytes)
            for i in range(values.count)
        ]

    def apart(self, uint32_t kind):
        """Events of a kind that were left out, and events beyond the bounds of memory."""
        return self.kinds[kind].left_out, self.kinds[kind].overflowed

    cdef uint32_t number(self, uint32_t kind, const void *bytes, uint32_t length) noexcept nogil:
        if not self.wanted >> kind & 1:
            return NO_VALUE
        return number_of(&self.kinds[kind], <const uint8_t *>bytes, length)

    cdef bint decoded_key(self, LogEvent *event, const uint8_t *value,
                          const uint8_t *end) noexcept nogil:
        cdef uint32_t raw = 0
        cdef int32_t length = unescape(value, end, self.scratch, MAX_TEXT, &raw)
        if length < 0:
            return False
        length = <int32_t>without_empty(self.scratch, <uint32_t>length)
        if length and (length != 6 or memcmp(self.scratch, b"(null)", 6) != 0):
            self.add_key(event, self.scratch, <uint32_t>length)
        return True

    cdef bint set_chosen(self, LogEvent *event, uint32_t kind, const uint8_t *value,
                         const uint8_t *end) noexcept nogil:
        """Set a value that a user chose; false for a quote that is never closed."""
        cdef const uint8_t *stop
        cdef uint32_t raw = 0
        cdef int32_t length
        if value < end and value[0] == c'"':
            stop = <const uint8_t *>memchr(value + 1, c'"', end - value - 1)
            if stop == NULL:
                return False
            event.value[kind] = self.number(kind, value + 1, <uint32_t>(stop - value - 1))
            return True
        length = unescape(value, end, self.scratch, MAX_TEXT, &raw)
        event.value[kind] = NO_VALUE
        if length >= 0:
            event.value[kind] = self.number(kind, self.scratch, <uint32_t>length)
        return True

    cdef void set_call(self, LogEvent *event, uint32_t arch, uint32_t number) noexcept nogil:
        cdef uint32_t call[2]
        call[0] = arch
        call[1] = number
        event.value[SYSCALL] = self.number(SYSCALL, call, 8)

    cdef void set_user(self, LogEvent *event, uint32_t kind, uint32_t user) noexcept nogil:
        # For aureport, -2 means "no auid was seen".
        event.value[kind] = NO_VALUE
        if user != <uint32_t>0xFFFFFFFE or kind == UID or not self.as_aureport:
            event.value[kind] = self.number(kind, &user, 4)

    cdef void set_host(self, LogEvent *event, const uint8_t *value,
                       const uint8_t *stop) noexcept nogil:
        """Set a name as a program wrote it, with a 0 before it, unlike binary addresses."""
        cdef uint32_t length = <uint32_t>(stop - value)
        if length < MAX_TEXT:
            self.scratch[0] = 0
            memcpy(self.scratch + 1, value, length)
            event.value[ADDRESS] = self.number(ADDRESS, self.scratch, length + 1)

    cdef void add_key(self, LogEvent *event, const uint8_t *key, uint32_t length) noexcept nogil:
        """Add a key; the keys of one event are one value, separated by 0x01 as in the kernel."""
        cdef uint32_t number = event.value[KEY], before
        if number == NO_VALUE or number == NO_ROOM:
            event.value[KEY] = self.number(KEY, key, length)
            return
        before = self.kinds[KEY].values[number].length
        if before + length + 1 > MAX_TEXT:
            return
        memcpy(self.joined, self.kinds[KEY].text + self.kinds[KEY].values[number].place, before)
        self.joined[before] = 1
        memcpy(self.joined + before + 1, key, length)
        event.value[KEY] = self.number(KEY, self.joined, before + 1 + length)

    cdef void count(self, LogEvent *event) noexcept nogil:
        """Add an event that has ended to the sums of its values."""
        cdef uint32_t kind, number
        for kind in range(SHAPE):
            number = event.value[kind]
            if event.left_out >> kind & 1 and (self.as_aureport or number == NO_VALUE):
                if self.wanted >> kind & 1:
                    self.kinds[kind].left_out += 1
            else:
                count_value(&self.kinds[kind], number, event.records, event.bytes)
        if self.wanted >> SHAPE & 1:
            self.count_shape(event)

    cdef void count_shape(self, const LogEvent *event) noexcept nogil:
        cdef uint32_t shape[7]
        cdef uint32_t part[2]
        if event.value[SYSCALL] == NO_VALUE:
            return
        shape[0] = event.value[SYSCALL]
        shape[1] = event.value[KEY]
        shape[2] = event.value[EXE]
        shape[3] = event.value[AUID]
        shape[4] = event.value[UID]
        shape[5] = <uint32_t>event.exit_code
        shape[6] = event.value[SUBJ]
        part[0] = self.number(SHAPE, shape, sizeof(shape))
        count_value(&self.kinds[SHAPE], part[0], event.records, event.bytes)
        if part[0] == NO_ROOM:
            return
        for part[1] in range(PARTS):
            if event.part_records[part[1]]:
                count_value(&self.kinds[PART], self.number(PART, part, sizeof(part)),
                            event.part_records[part[1]], event.part_bytes[part[1]])
