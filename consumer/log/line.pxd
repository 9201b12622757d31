"""The beginning of a record in a line of a log, and heads as old daemons wrote them.

Syslog (RFC 3164 and 5424), kernel messages (`[   12.345678] audit: `) and dispatchers put words
before the record. They end with a colon, a bracket, a `>` or the `-` of an empty field. A record
after anything else is text of some program, and may be forged: it is not read.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp, memcpy

from consumer.c.string cimport memmem, memrchr
from consumer.record.header cimport HeaderCache, parse_header

cdef enum:
    PREFIX_LIMIT = 1024     # of the longest hosts, tags and structured data
    HEAD_LIMIT = 40         # of the longest head: 14 digits, 3, 10, and the characters between


cdef inline bint ends_prefix(const uint8_t *line, uint32_t at) noexcept nogil:
    """Whether the text before line[at] ends as syslog's prefix of a message does."""
    cdef uint8_t last
    if at and line[at - 1] == c">":
        return line[0] == c"<"
    if at >= 3 and memcmp(line + at - 3, b"\xef\xbb\xbf", 3) == 0:
        at -= 3
    elif at == 0 or line[at - 1] != c" ":
        return False
    while at and line[at - 1] == c" ":
        at -= 1
    if at == 0:
        return True
    last = line[at - 1]
    return (last == c":" or last == c"]" or last == c">"
            or (last == c"-" and (at == 1 or line[at - 2] == c" ")))


cdef inline uint32_t begin_of_node(const uint8_t *line, uint32_t at) noexcept nogil:
    """The beginning of `node=HOST ` before line[at]; `at` if there is none."""
    cdef const uint8_t *before
    cdef uint32_t begin
    if at < 2 or line[at - 1] != c" ":
        return at
    before = <const uint8_t *>memrchr(line, c" ", at - 1)
    begin = 0 if before == NULL else <uint32_t>(before - line) + 1
    while begin < at and (line[begin] == c"<" or line[begin] == c">" or is_inner(line, begin)):
        begin += 1
    if at - begin > 6 and memcmp(line + begin, b"node=", 5) == 0:
        return begin
    return at


cdef inline bint is_inner(const uint8_t *line, uint32_t at) noexcept nogil:
    """Whether a digit of `<14>` or a byte order mark is there."""
    return line[at] >= 0x80 or 48 <= line[at] <= 57


cdef inline uint32_t behind_prefix(const uint8_t *line, uint32_t length) noexcept nogil:
    """The beginning of the record; 0 if the line begins with it, or if there is none."""
    cdef uint32_t limit = min(length, <uint32_t>PREFIX_LIMIT), at = 0, begin
    cdef const uint8_t *found
    if length > 5 and (memcmp(line, b"type=", 5) == 0 or memcmp(line, b"node=", 5) == 0):
        return 0
    while at < limit:
        found = <const uint8_t *>memmem(line + at, limit - at, b"type=", 5)
        if found == NULL:
            return 0
        at = <uint32_t>(found - line)
        begin = begin_of_node(line, at)
        if ends_prefix(line, begin):
            return begin
        at += 5
    return 0


cdef inline bint read_old_header(const uint8_t *text, uint32_t length,
                                 HeaderCache *cache) noexcept nogil:
    """Read the head of a message of an audit daemon before 2.5, which has no colon after it."""
    cdef uint8_t head[HEAD_LIMIT]
    cdef const uint8_t *close = <const uint8_t *>memmem(text, min(length, <uint32_t>HEAD_LIMIT - 2),
                                                        b")", 1)
    cdef uint32_t end
    if close == NULL:
        return False
    end = <uint32_t>(close - text) + 1
    if end < length and text[end] != c" ":
        return False
    memcpy(head, text, end)
    head[end] = c":"
    if not parse_header(head, end + 1, &cache.header):
        return False
    cache.header.body = min(end + 1, length)
    cache.words[0] = 0
    return True
