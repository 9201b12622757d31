"""Records as the lines of a raw audit.log: `type=NAME msg=audit(...): ...`.

As in auditd: no line for EOE, line feeds in a message become spaces, a trailing space is removed.
"""

import cython
from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memchr, memcpy

from consumer.output.outfile cimport OutFile
from consumer.record.types cimport AUDIT_EOE, TYPE_LIMIT

from consumer.text.names import type_name


@cython.final
cdef class LineStore:
    """Writes to `path`, which is created or truncated."""

    def __cinit__(self, path):
        cdef const uint8_t[::1] line
        self.out = OutFile(path)
        for record_type in range(TYPE_LIMIT):
            line = f"type={type_name(record_type)} msg=".encode()
            self.prefix_length[record_type] = <uint8_t>line.shape[0]
            memcpy(self.prefix[record_type], &line[0], line.shape[0])

    cdef void put_line(self, uint32_t record_type, const uint8_t *text,
                       uint32_t length) noexcept nogil:
        cdef uint8_t *line
        cdef uint8_t *feed
        cdef uint32_t prefix
        if record_type == AUDIT_EOE or record_type >= TYPE_LIMIT:
            return
        prefix = self.prefix_length[record_type]
        line = self.out.room(prefix + length + 1)
        memcpy(line, self.prefix[record_type], prefix)
        line += prefix
        memcpy(line, text, length)
        feed = <uint8_t *>memchr(line, c"\n", length)
        while feed != NULL:
            feed[0] = c" "
            feed = <uint8_t *>memchr(feed, c"\n", line + length - feed)
        if length and line[length - 1] == c" ":
            length -= 1
        line[length] = c"\n"
        self.out.used += prefix + length + 1
