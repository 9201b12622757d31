"""Record types by number, as linux/audit.h (6.18) names them; only those that code acts on."""

cdef enum:
    NLMSG_ERROR = 2
    NLMSG_DONE = 3
    AUDIT_USER = 1005
    AUDIT_LOGIN = 1006
    AUDIT_FIRST_USER_MSG = 1100
    AUDIT_LAST_USER_MSG = 1199
    AUDIT_FIRST_EVENT = 1300
    AUDIT_SYSCALL = 1300
    AUDIT_PATH = 1302
    AUDIT_EXECVE = 1309
    AUDIT_EOE = 1320
    AUDIT_REPLACE = 1329
    AUDIT_OBJ_PID = 1318
    AUDIT_URINGOP = 1336
    AUDIT_LAST_EVENT = 1399
    TYPE_LIMIT = 4096  # types from here on have no table entry; none is assigned above 2999


cdef inline bint is_record(unsigned int message_type) noexcept nogil:
    """Whether a datagram of this type carries a record; else it answers a control request.

    AUDIT_REPLACE is a question to the registered daemon in four binary bytes, not a record.
    """
    if message_type >= AUDIT_FIRST_USER_MSG:
        return message_type != AUDIT_REPLACE
    return message_type == AUDIT_USER or message_type == AUDIT_LOGIN
