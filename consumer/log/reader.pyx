"""The lines of an audit.log: `[node=HOST ]type=NAME [msg=]audit(...): ...`, raw or enriched.

Before a record may stand what syslog, the kernel or the journal put there, see line.pxd.

Pieces are read from a descriptor, or taken from elsewhere; the buffer holds one mebibyte. Lines
that are not records are counted, never fatal. Of a line longer than 16 KiB only the beginning is
decoded.
"""

import cython
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memchr, memcmp, memcpy, memmove
from posix.unistd cimport read

from consumer.record.fields cimport MAX_TEXT
from consumer.c.string cimport memmem
from consumer.record.header cimport is_digit, read_header
from consumer.log.event cimport NO_VALUE, NODE
from consumer.log.line cimport behind_prefix, read_old_header
from consumer.log.events cimport LogEvents
from consumer.log.rough cimport leading_number
from consumer.log.values cimport (
    equals,
    find_value,
    free_values,
    number_of,
    seeded_hash,
)

from consumer.text import names

cdef enum:
    EVENT_LISTENER = 1335
    SHORTEST = 21       # "type=1 audit(1.000:1)"


@cython.final
cdef class LogReader:
    """Feeds `events`. Records of `own_pid`'s joining and leaving are also counted separately."""

    def __cinit__(self, LogEvents events not None, uint32_t own_pid=0):
        cdef const uint8_t[::1] spelled
        self.events = events
        self.own_pid = own_pid
        self.buffer = <uint8_t *>malloc(BUFFER_BYTES)
        self.type_numbers = <int *>calloc(len(names.TYPE_NAMES), sizeof(int))
        if self.buffer == NULL or self.type_numbers == NULL:
            raise MemoryError
        for place, (number, name) in enumerate(names.TYPE_NAMES.items()):
            spelled = name.encode()
            if number_of(&self.types, &spelled[0], spelled.shape[0]) != place:
                raise MemoryError
            self.type_numbers[place] = number

    def __dealloc__(self):
        free(self.buffer)
        free(self.type_numbers)
        free_values(&self.types)

    def begin_file(self):
        """Begin a file: `first_damaged` is of this one, its line counted from the first file on."""
        self.first_damaged = 0

    @property
    def damaged_sample(self):
        """The beginning of the line that `first_damaged` counts; empty if there is none."""
        return self.sample[:self.sample_length] if self.first_damaged else b""

    def read_from(self, int fd):
        """Read once from a descriptor and take its lines; return the bytes read, 0 at the end.

        Raises OSError if reading fails.
        """
        cdef ssize_t count
        cdef int failure = 0
        with nogil:
            while True:
                count = read(fd, self.buffer + self.used, BUFFER_BYTES - self.used)
                if count >= 0 or errno != EINTR:
                    break
                with gil:
                    PyErr_CheckSignals()
            if count > 0:
                self.used += count
                self.input_bytes += count
                self.split(False)
            elif count < 0:
                failure = errno
        if failure:
            raise OSError(failure, "read")
        return count

    def feed(self, const uint8_t[::1] piece):
        """Take a piece of a log from memory."""
        cdef size_t done = 0, part, length = piece.shape[0]
        if length == 0:
            return
        with nogil:
            while done < length:
                part = min(BUFFER_BYTES - self.used, length - done)
                memcpy(self.buffer + self.used, &piece[done], part)
                self.used += part
                self.input_bytes += part
                done += part
                self.split(False)

    def end_file(self):
        """End the file; the rest of the buffer is a line without a line feed."""
        with nogil:
            self.split(True)

    cdef void split(self, bint at_end) noexcept nogil:
        """Take all lines of the buffer; the rest moves to its beginning."""
        cdef uint8_t *start = self.buffer
        cdef uint8_t *end = self.buffer + self.used
        cdef uint8_t *feed = <uint8_t *>memchr(start, c"\n", end - start)
        while feed != NULL:
            if self.skipping:
                self.skipping = False
                self.damaged_bytes += feed - start + 1
            else:
                self.take_line(start, feed - start)
            start = feed + 1
            feed = <uint8_t *>memchr(start, c"\n", end - start)
        self.used = end - start
        if self.used == BUFFER_BYTES or (self.skipping and self.used):
            if not self.skipping:
                self.lines += 1
                self.damaged_lines += 1
                if self.first_damaged == 0:
                    self.note_damage(self.buffer, self.used)
            self.skipping = True
            self.damaged_bytes += self.used
            self.used = 0
        if at_end:
            if self.used:
                self.take_line(start, self.used)
            self.used = 0
            self.skipping = False
        elif self.used:
            memmove(self.buffer, start, self.used)

    cdef void take_line(self, const uint8_t *line, size_t length) noexcept nogil:
        self.lines += 1
        if length == 0:
            self.blank_lines += 1
        elif not self.read_line(line, <uint32_t>length, <uint32_t>length + 1):
            self.damaged_lines += 1
            self.damaged_bytes += length + 1
            if self.first_damaged == 0:
                self.note_damage(line, length)

    cdef void note_damage(self, const uint8_t *line, size_t length) noexcept nogil:
        """Keep the number and the beginning of the first damaged line."""
        self.first_damaged = self.lines
        self.sample_length = <uint32_t>min(length, <size_t>SAMPLE_BYTES)
        memcpy(self.sample, line, self.sample_length)

    cdef bint read_line(self, const uint8_t *line, uint32_t length,
                        uint32_t line_bytes) noexcept nogil:
        """Take a line; false if it is not a record."""
        cdef uint32_t behind = behind_prefix(line, length)
        return self.read_record(line + behind, length - behind, line_bytes)

    cdef bint read_record(self, const uint8_t *line, uint32_t length,
                          uint32_t line_bytes) noexcept nogil:
        """Take a line without its prefix."""
        cdef uint32_t node = NO_VALUE, name, shown
        cdef const uint8_t *space
        cdef const uint8_t *text
        cdef int record_type
        if length > 6 and memcmp(line, b"node=", 5) == 0:
            shown = min(length, <uint32_t>NODE_LIMIT)
            space = <const uint8_t *>memchr(line + 5, c" ", shown - 5)
            if space == NULL:
                return False
            shown = <uint32_t>(space - line)
            node = number_of(&self.events.fields.kinds[NODE], line + 5, shown - 5)
            line += shown + 1
            length -= shown + 1
        if length < SHORTEST or memcmp(line, b"type=", 5) != 0:
            return False
        shown = min(length, <uint32_t>NAME_LIMIT)
        space = <const uint8_t *>memchr(line + 5, c" ", shown - 5)
        if space == NULL:
            return False
        name = <uint32_t>(space - line) - 5
        text = space + 1
        length -= name + 6
        if length > 4 and memcmp(text, b"msg=", 4) == 0:
            text += 4
            length -= 4
        shown = min(length, <uint32_t>MAX_TEXT)
        if not read_header(text, shown, &self.head) and not read_old_header(text, shown,
                                                                            &self.head):
            return False
        if shown < length:
            self.long_lines += 1
        length = shown
        record_type = self.type_of(line + 5, name)
        self.records += 1
        self.record_bytes += line_bytes
        if record_type == EVENT_LISTENER and self.own_pid and self.is_own(text, length):
            self.own_records += 1
        self.events.take(node, record_type, text, &self.head.header, length, line_bytes)
        return True

    cdef int type_of(self, const uint8_t *name, uint32_t length) noexcept nogil:
        """The number of a type's name; -1 if it is unknown."""
        cdef uint32_t place = self.last_type
        if not equals(&self.types, &self.types.values[place], name, length):
            place = find_value(&self.types, seeded_hash(0, name, length), name, length)
            if place == NO_VALUE:
                if length > 9 and memcmp(name, b"UNKNOWN[", 8) == 0:
                    return <int>leading_number(name + 8, name + length)
                return <int>leading_number(name, name + length) if is_digit(name[0]) else -1
            self.last_type = place
        return self.type_numbers[place]

    cdef bint is_own(self, const uint8_t *text, uint32_t length) noexcept nogil:
        cdef const uint8_t *found = <const uint8_t *>memmem(text, length, b" pid=", 5)
        return found != NULL and leading_number(found + 5, text + length) == self.own_pid
