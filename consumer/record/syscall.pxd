"""A SYSCALL record: the fields that decide which other records its event must contain.

Source of the field order: kernel/auditsc.c, audit_log_exit(), and audit_log_task_info().
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from consumer.event.event cimport (
    SEEN_CAPSET,
    SEEN_CWD,
    SEEN_EOE,
    SEEN_EXECVE,
    SEEN_FD_PAIR,
    SEEN_MMAP,
    SEEN_MQ_OPEN,
    SEEN_MQ_SENDRECV,
    SEEN_OPENAT2,
    SEEN_PROCTITLE,
    SEEN_SOCKADDR,
    SEEN_SOCKETCALL,
    SEEN_SYSCALL,
)
from consumer.record.fields cimport Field, Fields, decimal, find_field, hexadecimal, key_is

cdef enum:
    # The rules of implied.py; a unit test keeps both equal.
    IMPLIES_EXECVE = 1 << 0
    IMPLIES_ADDRESS_IN = 1 << 1
    IMPLIES_ADDRESS_OUT = 1 << 2
    IMPLIES_FD_PAIR = 1 << 3
    IMPLIES_MMAP = 1 << 4
    IMPLIES_OPENAT2 = 1 << 5
    IMPLIES_CAPSET = 1 << 6
    IMPLIES_SOCKETCALL = 1 << 7
    IMPLIES_MQ_OPEN = 1 << 8
    IMPLIES_MQ_SENDRECV = 1 << 9
    IMPLIES_HIDDEN_NAME = 1 << 10


cdef struct SyscallFields:
    Field *arch        # NULL for a field that is not there
    Field *number
    Field *success
    Field *exit
    Field *a1
    Field *a2
    Field *a3
    Field *items
    Field *ppid
    Field *pid
    Field *session
    Field *subject


cdef inline bint fields_by_place(const uint8_t *text, Fields *fields,
                                 SyscallFields *out) noexcept nogil:
    """Find the fields where every known kernel prints them; false if they are elsewhere."""
    cdef Field *at = fields.at
    cdef uint32_t i = 2
    if (fields.count < 20 or not key_is(text, at, b"arch", 4)
            or not key_is(text, at + 1, b"syscall", 7)):
        return False
    out.arch = at
    out.number = at + 1
    out.success = out.exit = out.subject = NULL
    if key_is(text, at + i, b"per", 3):
        i += 1
    if key_is(text, at + i, b"success", 7):
        out.success = at + i
        out.exit = at + i + 1
        i += 2
    if (fields.count < i + 20 or not key_is(text, at + i + 4, b"items", 5)
            or not key_is(text, at + i + 6, b"pid", 3)
            or not key_is(text, at + i + 17, b"ses", 3)
            or not key_is(text, at + i + 18, b"comm", 4)):
        return False
    out.a1 = at + i + 1
    out.a2 = at + i + 2
    out.a3 = at + i + 3
    out.items = at + i + 4
    out.ppid = at + i + 5
    out.pid = at + i + 6
    out.session = at + i + 17
    if fields.count > i + 20 and key_is(text, at + i + 20, b"subj", 4):
        out.subject = at + i + 20
    return True


cdef inline void fields_by_name(const uint8_t *text, Fields *fields,
                                SyscallFields *out) noexcept nogil:
    out.arch = find_field(text, fields, b"arch", 4)
    out.number = find_field(text, fields, b"syscall", 7)
    out.success = find_field(text, fields, b"success", 7)
    out.exit = find_field(text, fields, b"exit", 4)
    out.a1 = find_field(text, fields, b"a1", 2)
    out.a2 = find_field(text, fields, b"a2", 2)
    out.a3 = find_field(text, fields, b"a3", 2)
    out.items = find_field(text, fields, b"items", 5)
    out.ppid = find_field(text, fields, b"ppid", 4)
    out.pid = find_field(text, fields, b"pid", 3)
    out.session = find_field(text, fields, b"ses", 3)
    out.subject = find_field(text, fields, b"subj", 4)


cdef inline uint64_t decimal_or(const uint8_t *text, const Field *field,
                                uint64_t otherwise) noexcept nogil:
    return otherwise if field == NULL else decimal(text, field)


cdef inline uint64_t hexadecimal_or(const uint8_t *text, const Field *field,
                                    uint64_t otherwise) noexcept nogil:
    return otherwise if field == NULL else hexadecimal(text, field)


cdef inline bint is_success(const uint8_t *text, const Field *field) noexcept nogil:
    return field != NULL and field.end > field.value and text[field.value] == c"y"


cdef inline bint address_was_read(const uint8_t *text, const SyscallFields *fields) noexcept nogil:
    """Whether connect or bind got as far as copying the address, which makes SOCKADDR certain.

    The descriptor is looked up first (EBADF, ENOTSOCK), the length checked, then the address
    copied (EFAULT) and remembered (ENOMEM). Source: net/socket.c, move_addr_to_kernel().
    """
    cdef uint32_t length = <uint32_t>hexadecimal_or(text, fields.a2, 0)
    cdef uint64_t failure
    if length == 0 or length > 128 or fields.exit == NULL:
        return False
    if fields.exit.end <= fields.exit.value or text[fields.exit.value] != c"-":
        return True
    fields.exit.value += 1
    failure = decimal(text, fields.exit)
    fields.exit.value -= 1
    return failure != 9 and failure != 12 and failure != 14 and failure != 88


cdef inline uint32_t implied_by_success(uint32_t rule, const uint8_t *text,
                                        const SyscallFields *fields) noexcept nogil:
    cdef uint32_t required = 0
    if rule & IMPLIES_EXECVE:
        required |= SEEN_EXECVE
    if rule & IMPLIES_ADDRESS_OUT and hexadecimal_or(text, fields.a1, 0):
        required |= SEEN_SOCKADDR
    if rule & IMPLIES_FD_PAIR:
        required |= SEEN_FD_PAIR
    if rule & IMPLIES_MMAP and not hexadecimal_or(text, fields.a3, 0x20) & 0x20:
        required |= SEEN_MMAP
    if rule & IMPLIES_OPENAT2:
        required |= SEEN_OPENAT2
    if rule & IMPLIES_CAPSET:
        required |= SEEN_CAPSET
    if rule & IMPLIES_SOCKETCALL:
        required |= SEEN_SOCKETCALL
    if rule & IMPLIES_MQ_OPEN:
        required |= SEEN_MQ_OPEN
    if rule & IMPLIES_MQ_SENDRECV:
        required |= SEEN_MQ_SENDRECV
    return required


cdef inline uint32_t implied_records(uint32_t rule, uint64_t items, const uint8_t *text,
                                     const SyscallFields *fields) noexcept nogil:
    """The kinds of records that the event must contain, as SEEN_ bits, without PATHs."""
    cdef uint32_t required = SEEN_SYSCALL | SEEN_PROCTITLE | SEEN_EOE
    if items:
        required |= SEEN_CWD
    if rule == 0:
        return required
    if is_success(text, fields.success):
        required |= implied_by_success(rule, text, fields)
    if rule & IMPLIES_ADDRESS_IN and address_was_read(text, fields):
        required |= SEEN_SOCKADDR
    return required
