"""The head of a record, `audit(SECONDS.MILLIS:SERIAL): `; the body is decoded elsewhere.

Source of the format: kernel/audit.c, audit_log_start().
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy


cdef struct Header:
    uint64_t stamp_ms  # milliseconds since the epoch, as printed
    uint32_t serial
    uint32_t body      # offset of the body in the text; never 0 in a valid header


cdef struct HeaderCache:
    Header header
    uint64_t words[5]  # of the text it came from: bytes 0..23 and the last 16 before the body


cdef inline bint is_digit(uint8_t byte) noexcept nogil:
    return <uint8_t>(byte - 48) < 10


cdef inline bint parse_header(const uint8_t *text, uint32_t length, Header *out) noexcept nogil:
    """Fill `out`; false if the text does not begin like a record."""
    cdef uint64_t seconds = 0, serial = 0
    cdef uint32_t pos = 6, start
    if length < 15 or memcmp(text, b"audit(", 6) != 0:
        return False
    while pos < length and is_digit(text[pos]) and pos < 20:
        seconds = seconds * 10 + text[pos] - 48
        pos += 1
    if pos == 6 or pos + 8 > length or text[pos] != c"." or text[pos + 4] != c":":
        return False
    if not (is_digit(text[pos + 1]) and is_digit(text[pos + 2]) and is_digit(text[pos + 3])):
        return False
    out.stamp_ms = (seconds * 1000 + (text[pos + 1] - 48) * 100 + (text[pos + 2] - 48) * 10
                    + text[pos + 3] - 48)
    pos += 5
    start = pos
    while pos < length and is_digit(text[pos]) and pos < start + 10:
        serial = serial * 10 + text[pos] - 48
        pos += 1
    if pos == start or serial >> 32 or pos + 2 > length:
        return False
    if text[pos] != c")" or text[pos + 1] != c":":
        return False
    pos += 2
    if pos < length:
        if text[pos] != c" ":
            return False
        pos += 1
    out.serial = <uint32_t>serial
    out.body = pos
    return True


cdef inline bint same_head(const uint8_t *text, uint32_t length, HeaderCache *cache) noexcept nogil:
    """Whether the text has, byte for byte, the head that the cache holds.

    Records of one event are mostly consecutive, and their heads are equal; five loads show it.
    """
    cdef uint64_t words[5]
    cdef uint32_t body = cache.header.body
    if body < 24 or length < body:
        return False
    memcpy(words, text, 24)
    memcpy(words + 3, text + body - 16, 16)
    return (words[0] == cache.words[0] and words[1] == cache.words[1]
            and words[2] == cache.words[2] and words[3] == cache.words[3]
            and words[4] == cache.words[4])


cdef inline bint read_header(const uint8_t *text, uint32_t length,
                             HeaderCache *cache) noexcept nogil:
    """Leave the header of the text in `cache.header`; false if it has none."""
    if same_head(text, length, cache):
        return True
    if not parse_header(text, length, &cache.header):
        cache.header.body = 0
        return False
    if cache.header.body < 24 or cache.header.body > 40 or text[cache.header.body - 1] != c" ":
        cache.words[0] = 0  # does not fit the five words: parsed every time
        return True
    memcpy(cache.words, text, 24)
    memcpy(cache.words + 3, text + cache.header.body - 16, 16)
    return True
