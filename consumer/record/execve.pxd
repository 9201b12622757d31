"""An EXECVE record: the arguments, and the parts of split ones, that it adds to its event.

Source: kernel/auditsc.c, audit_log_execve_info().
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from consumer.event.event cimport SEEN_ARGC, Event
from consumer.record.fields cimport Field, Fields, decimal, key_is
from consumer.record.header cimport is_digit


cdef inline void take_arguments(Event *event, const uint8_t *text, Fields *fields) noexcept nogil:
    """Count `aN=`, or `aN_len=` and chunks `aN[i]=`; the first record has `argc=` too.

    Sums need no order: all arguments are there when their number is argc and the lengths
    announced are the lengths received.
    """
    cdef uint32_t i
    cdef const Field *field
    cdef uint8_t last
    for i in range(fields.count):
        field = &fields.at[i]
        if field.value - field.key < 3 or text[field.key] != c"a":
            continue
        last = text[field.value - 2]
        if not is_digit(text[field.key + 1]):
            if key_is(text, field, b"argc", 4):
                event.argc = <uint32_t>decimal(text, field)
                event.seen |= SEEN_ARGC
        elif is_digit(last):
            event.arguments_seen += 1
        elif last == c"n":
            event.arguments_seen += 1
            event.chunk_balance += <int64_t>decimal(text, field)
        elif last == c"]":
            event.chunk_balance -= field.end - field.value
            if field.end - field.value >= 2 and text[field.value] == c'"':
                event.chunk_balance += 2
