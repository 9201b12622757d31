"""Fields found by their names alone, in records that have no fixed order or are damaged.

The rules are aureport's, so that the same parts of such a record are read here. Source:
audit-userspace 3.0.9, src/ausearch-parse.c and unescape() of src/ausearch-lookup.c.
"""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memchr

from consumer.c.string cimport memmem
from consumer.record.header cimport is_digit

cdef enum:
    ABSENT = 0
    FOUND = 1
    BROKEN = 2


cdef struct Walk:
    const uint8_t *start
    const uint8_t *at     # the start of the next search
    const uint8_t *end


cdef inline const uint8_t *seek(const Walk *walk, const uint8_t *at, const char *word,
                                size_t length) noexcept nogil:
    """The text after the next occurrence of a word, or NULL."""
    cdef const uint8_t *found = NULL
    if at < walk.end:
        found = <const uint8_t *>memmem(at, walk.end - at, word, length)
    return NULL if found == NULL else found + length


cdef inline const uint8_t *until(const Walk *walk, const uint8_t *at,
                                 int byte) noexcept nogil:
    """The next occurrence of a byte, or NULL."""
    return <const uint8_t *>memchr(at, byte, walk.end - at)


cdef inline int nibble(uint8_t byte) noexcept nogil:
    """The value of a hexadecimal digit, -1 for any other byte."""
    if is_digit(byte):
        return byte - 48
    byte |= 32
    return byte - 87 if 97 <= byte <= 102 else -1


cdef inline bint read_number(const uint8_t *at, const uint8_t *end, uint32_t *out) noexcept nogil:
    """Read a number like strtoul(), with sign, cut to 32 bits; false if it is beyond 64 bits."""
    cdef uint64_t number = 0
    cdef bint negative = False, fits = True
    while at < end and (at[0] == c" " or 9 <= at[0] <= 13):
        at += 1
    if at < end and (at[0] == c"-" or at[0] == c"+"):
        negative = at[0] == c"-"
        at += 1
    while at < end and is_digit(at[0]):
        fits = fits and number <= (<uint64_t>0xFFFFFFFFFFFFFFFF - (at[0] - 48)) // 10
        number = number * 10 + at[0] - 48
        at += 1
    out[0] = <uint32_t>(0 - number if negative else number)
    return fits


cdef inline uint32_t leading_number(const uint8_t *at, const uint8_t *end) noexcept nogil:
    """The same, without a check for numbers beyond 64 bits."""
    cdef uint32_t number = 0
    read_number(at, end, &number)
    return number


cdef inline int walk_number(Walk *walk, const char *word, size_t length, bint spaced,
                            uint32_t *out) noexcept nogil:
    """Read the number after a word; broken if it is beyond 64 bits.

    With `spaced` it is also broken if no space follows anywhere.
    """
    cdef const uint8_t *value = seek(walk, walk.at, word, length)
    cdef const uint8_t *stop
    if value == NULL:
        return ABSENT
    stop = until(walk, value, c" ")
    if stop == NULL and spaced:
        return BROKEN
    if not read_number(value, walk.end if stop == NULL else stop, out):
        return BROKEN
    walk.at = value if stop == NULL else stop
    return FOUND


cdef inline bint result_fits(const Walk *walk, const uint8_t *at) noexcept nogil:
    """Whether the number after `res=` is within 64 bits; true if there is none."""
    cdef uint32_t ignored = 0
    cdef const uint8_t *value = seek(walk, at, b"res=", 4)
    return value == NULL or read_number(value, walk.end, &ignored)


cdef inline int walk_word(Walk *walk, const char *word, size_t length) noexcept nogil:
    """Skip a value, which must be followed by a space."""
    cdef const uint8_t *value = seek(walk, walk.at, word, length)
    cdef const uint8_t *stop
    if value == NULL:
        return ABSENT
    stop = until(walk, value, c" ")
    if stop == NULL:
        return BROKEN
    walk.at = stop
    return FOUND


cdef inline int walk_argument(Walk *walk, const char *word, size_t length) noexcept nogil:
    """Skip a hexadecimal number, which a space must follow; broken if it is beyond 64 bits."""
    cdef const uint8_t *value = seek(walk, walk.at, word, length)
    cdef const uint8_t *stop
    cdef uint32_t digits = 0
    cdef int answer = walk_word(walk, word, length)
    if answer != FOUND:
        return answer
    stop = walk.at
    if value < stop and (value[0] == c"-" or value[0] == c"+"):
        value += 1
    while value < stop and value[0] == c"0":
        value += 1
    while value < stop and nibble(value[0]) >= 0:
        digits += 1
        value += 1
    return BROKEN if digits > 16 else FOUND


cdef inline int32_t unescape(const uint8_t *at, const uint8_t *end, uint8_t *out,
                             uint32_t room, uint32_t *raw) noexcept nogil:
    """Decode hex up to the first NUL, or copy a word in parentheses; -1 if it is neither.

    `raw` is the number of whole bytes decoded, with any content; at most `room`.
    """
    cdef const uint8_t *stop
    cdef uint32_t count = 0
    cdef int32_t text = -1
    cdef int high, low
    if at < end and at[0] == c"(":
        stop = <const uint8_t *>memchr(at, c")", end - at)
        if stop == NULL or stop - at >= room:
            return -1
        while at <= stop:
            out[count] = at[0]
            count += 1
            at += 1
        raw[0] = count
        return <int32_t>count
    while at < end and count < room:
        high = nibble(at[0])
        if high < 0:
            break
        low = nibble(at[1]) if at + 1 < end else -1
        if low < 0 and count == 0:
            return -1
        out[count] = <uint8_t>(high << 4 | (0 if low < 0 else low))
        if out[count] == 0 and text < 0:
            text = <int32_t>count
        count += 1
        raw[0] = count - (low < 0)
        if low < 0:
            break
        at += 2
    if count == 0:
        return -1
    return <int32_t>count if text < 0 else text
