"""The fields of a record's body as offsets into its text; no value is decoded here.

A field is `key=value`; fields are separated by spaces. A word without an equal sign belongs to
the value before it (AppArmor's `subj=/usr/bin/x (enforce)`), or to nothing if there is none (the
preamble of an AVC). Source of the formats: kernel/auditsc.c, kernel/audit.c.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy

from consumer.c.scan cimport scan_block, scan_lowest
from consumer.c.string cimport memrchr
from consumer.record.header cimport is_digit
from consumer.record.types cimport AUDIT_FIRST_EVENT, AUDIT_LAST_EVENT

cdef enum:
    MAX_TEXT = 16384    # longer texts are cut by the caller
    MAX_FIELDS = 8193   # the shortest field, `=`, takes two bytes with its separator


cdef struct Field:
    uint32_t key    # the key is text[key:value - 1]
    uint32_t value  # the value is text[value:end], quotes included
    uint32_t end


cdef struct Fields:
    uint32_t count
    Field at[MAX_FIELDS]


cdef inline bint key_is(const uint8_t *text, const Field *field, const char *key,
                        uint32_t length) noexcept nogil:
    return field.value - field.key == length + 1 and memcmp(text + field.key, key, length) == 0


cdef inline Field *find_field(const uint8_t *text, Fields *fields, const char *key,
                              uint32_t length) noexcept nogil:
    """The first field with that key, or NULL."""
    cdef uint32_t i
    for i in range(fields.count):
        if key_is(text, &fields.at[i], key, length):
            return &fields.at[i]
    return NULL


cdef inline uint64_t decimal(const uint8_t *text, const Field *field) noexcept nogil:
    """The digits a value begins with; what follows is ignored, no digit is 0."""
    cdef uint64_t number = 0
    cdef uint32_t pos = field.value
    while pos < field.end and is_digit(text[pos]):
        number = number * 10 + text[pos] - 48
        pos += 1
    return number


cdef inline uint64_t hexadecimal(const uint8_t *text, const Field *field) noexcept nogil:
    """The hexadecimal digits a value begins with, as the kernel prints %lx."""
    cdef uint64_t number = 0
    cdef uint32_t pos = field.value
    cdef uint8_t byte
    while pos < field.end:
        byte = text[pos]
        if is_digit(byte):
            number = (number << 4) | (byte - 48)
        elif 97 <= byte <= 102:
            number = (number << 4) | (byte - 87)
        else:
            break
        pos += 1
    return number


cdef inline void block_masks(const uint8_t *text, uint32_t base, uint32_t length,
                             uint64_t *spaces, uint64_t *equals) noexcept nogil:
    """Masks of text[base:base + 64] that end with the text and never read outside of it."""
    cdef uint8_t padded[64]
    cdef uint32_t rest = length - base
    if rest >= 64:
        scan_block(text + base, spaces, equals)
    elif length >= 64:
        scan_block(text + length - 64, spaces, equals)
        spaces[0] >>= 64 - rest
        equals[0] >>= 64 - rest
    else:
        memcpy(padded, text + base, rest)
        scan_block(padded, spaces, equals)
        spaces[0] &= (<uint64_t>1 << rest) - 1
        equals[0] &= (<uint64_t>1 << rest) - 1


cdef inline uint32_t end_of_glued_session(const uint8_t *text, uint32_t key, uint32_t equal,
                                          uint32_t limit) noexcept nogil:
    """The end of the number in `ses=1op=updated_rules`, which the kernel writes so; else 0.

    Source: kernel/audit_watch.c prints `op=` directly after the session.
    """
    cdef uint32_t pos = equal + 1
    if equal - key != 3 or memcmp(text + key, b"ses", 3) != 0:
        return 0
    while pos < limit and is_digit(text[pos]):
        pos += 1
    if pos > equal + 1 and pos < limit and 97 <= text[pos] <= 122:
        return pos
    return 0


cdef inline void locate_plain(const uint8_t *text, uint32_t body, uint32_t length,
                              Fields *out) noexcept nogil:
    """Locate the fields of a record whose values have no spaces: all types that describe events."""
    cdef uint64_t spaces = 0, equals = 0, marks
    cdef uint32_t base = body, start = body, equal = 0, pos, bit, glued, count = 0
    while base < length:
        block_masks(text, base, length, &spaces, &equals)
        marks = spaces | equals
        while marks:
            bit = scan_lowest(marks)
            marks &= marks - 1
            pos = base + bit
            if (equals >> bit) & 1:
                if equal == 0:
                    equal = pos
                    continue
                glued = end_of_glued_session(text, start, equal, pos)
                if glued:
                    out.at[count] = Field(start, equal + 1, glued)
                    count += 1
                    start = glued
                    equal = pos
                continue
            if equal:
                out.at[count] = Field(start, equal + 1, pos)
                count += 1
                equal = 0
            elif pos > start and count:
                out.at[count - 1].end = pos
            start = pos + 1
        base += 64
    if equal:
        out.at[count] = Field(start, equal + 1, length)
        count += 1
    elif length > start and count:
        out.at[count - 1].end = length
    out.count = count


cdef inline uint32_t end_of_word(const uint8_t *text, uint32_t pos, uint32_t length) noexcept nogil:
    cdef const uint8_t *space = <const uint8_t *>memchr(text + pos, c" ", length - pos)
    return length if space == NULL else <uint32_t>(space - text)


cdef inline uint32_t end_of_value(const uint8_t *text, uint32_t key, uint32_t value,
                                  uint32_t length) noexcept nogil:
    """The end of a value that may be quoted: `"..."`, or `msg='...'` up to the last quote."""
    cdef const uint8_t *quote
    if value >= length:
        return length
    if text[value] == c'"':
        quote = <const uint8_t *>memchr(text + value + 1, c'"', length - value - 1)
        if quote != NULL:
            return end_of_word(text, <uint32_t>(quote - text), length)
    elif text[value] == c"'" and value - key == 4 and memcmp(text + key, b"msg", 3) == 0:
        quote = <const uint8_t *>memrchr(text + value + 1, c"'", length - value - 1)
        return length if quote == NULL else <uint32_t>(quote - text) + 1
    return end_of_word(text, value, length)


cdef inline void locate_quoted(const uint8_t *text, uint32_t body, uint32_t length,
                               Fields *out) noexcept nogil:
    """Locate fields whose quoted values may have spaces: messages of programs and LSMs."""
    cdef uint32_t pos = body, start, count = 0
    while pos < length:
        if text[pos] == c" ":
            pos += 1
            continue
        start = pos
        while pos < length and text[pos] != c" " and text[pos] != c"=":
            pos += 1
        if pos < length and text[pos] == c"=":
            out.at[count].key = start
            out.at[count].value = pos + 1
            pos = end_of_value(text, start, pos + 1, length)
            out.at[count].end = pos
            count += 1
        elif count:
            out.at[count - 1].end = pos
    out.count = count


cdef inline void locate(unsigned int record_type, const uint8_t *text, uint32_t body,
                        uint32_t length, Fields *out) noexcept nogil:
    """Locate all fields of text[body:length]; `length` is at most MAX_TEXT."""
    if AUDIT_FIRST_EVENT <= record_type <= AUDIT_LAST_EVENT:
        locate_plain(text, body, length, out)
    else:
        locate_quoted(text, body, length, out)
