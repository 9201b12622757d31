"""An event while its records come in: those seen, those implied, those missing."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    # The kinds of records seen. The first seventeen are emitted at most once per event.
    SEEN_SYSCALL = 1 << 0
    SEEN_EOE = 1 << 1
    SEEN_PROCTITLE = 1 << 2
    SEEN_CWD = 1 << 3
    SEEN_SOCKADDR = 1 << 4
    SEEN_FD_PAIR = 1 << 5
    SEEN_MMAP = 1 << 6
    SEEN_OPENAT2 = 1 << 7
    SEEN_CAPSET = 1 << 8
    SEEN_SOCKETCALL = 1 << 9
    SEEN_MQ_OPEN = 1 << 10
    SEEN_MQ_SENDRECV = 1 << 11
    SEEN_MQ_NOTIFY = 1 << 12
    SEEN_MQ_GETSETATTR = 1 << 13
    SEEN_IPC = 1 << 14
    SEEN_IPC_SET_PERM = 1 << 15
    SEEN_KERN_MODULE = 1 << 16
    SEEN_ONCE = (1 << 17) - 1
    SEEN_ANY_CALL = SEEN_SYSCALL | SEEN_EOE | SEEN_PROCTITLE | SEEN_CWD
    SEEN_EXECVE = 1 << 17
    SEEN_PATH = 1 << 18
    SEEN_AUXILIARY = 1 << 19   # others that occur within a system call only
    SEEN_WITHIN = (1 << 20) - 1
    SEEN_URINGOP = 1 << 20
    SEEN_LOGIN = 1 << 21
    SEEN_ALONE = 1 << 22       # may be alone in its event, may also belong to a system call
    SEEN_USER = 1 << 23        # always alone in its event
    SEEN_CONTEXTS = 1 << 24    # the LSM contexts of another record
    SEEN_ARGC = 1 << 25

    AUXILIARY_MANY = 3

    STATE_OPEN = 1
    STATE_FINAL = 2


cdef struct Event:
    uint64_t stamp_ms
    uint64_t items           # PATH items 0..63 seen, as bits
    int64_t chunk_balance    # bytes announced by aN_len minus bytes received in aN[i]
    uint64_t first_print     # of an EXECVE record, or of a PATH record beyond item 63
    uint32_t serial
    uint32_t seen
    uint32_t required
    uint32_t records
    uint32_t bytes
    uint32_t session
    uint32_t arch
    int32_t number           # of the system call
    uint32_t paths_owed
    uint32_t paths_seen
    uint32_t argc
    uint32_t arguments_seen
    uint32_t span            # number of sync markers before it began
    uint32_t prints          # further fingerprints: newest block + 1, 0 for none
    uint32_t contexts_owed
    uint32_t contexts_seen
    uint16_t other_type      # of the first record that may be alone
    uint8_t prints_used      # in the newest block
    uint8_t state
    uint8_t auxiliary        # records of SEEN_AUXILIARY types, counted up to AUXILIARY_MANY
    uint8_t has_print
    uint8_t has_session
    uint8_t in_tree


cdef inline uint32_t count_bits(uint32_t bits) noexcept nogil:
    cdef uint32_t count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count


cdef inline bint arguments_missing(const Event *event) noexcept nogil:
    """Whether the EXECVE records seen so far leave arguments, or parts of one, open."""
    if not event.seen & SEEN_EXECVE:
        return False
    return (not event.seen & SEEN_ARGC or event.arguments_seen != event.argc
            or event.chunk_balance != 0)


cdef inline uint32_t missing_records(const Event *event, uint32_t excluded) noexcept nogil:
    """The number of records that the seen ones imply and that have not come; a lower bound.

    A record that the kernel logs inside a system call (AVC, CONFIG_CHANGE) makes an event of the
    call even if no rule is loaded, and then nothing from before that record was collected. So only
    the records that every call has are implied. Source: kernel/audit.c, audit_clear_dummy().
    """
    cdef uint32_t missing = 0, required = event.required
    if event.seen & (SEEN_ALONE | SEEN_LOGIN):
        required &= SEEN_ANY_CALL
    if event.seen & SEEN_SYSCALL or (event.seen & SEEN_URINGOP
                                     and not event.seen & SEEN_PROCTITLE):
        missing = count_bits(required & ~event.seen)
        missing += arguments_missing(event)
        if event.paths_owed > event.paths_seen:
            missing += event.paths_owed - event.paths_seen
    elif event.seen & SEEN_WITHIN:
        missing = count_bits((SEEN_SYSCALL | SEEN_PROCTITLE | SEEN_EOE) & ~excluded & ~event.seen)
    if event.contexts_owed > event.contexts_seen:
        missing += event.contexts_owed - event.contexts_seen
    return missing


cdef inline bint is_closed(const Event *event, uint32_t excluded) noexcept nogil:
    """Whether nothing more is expected once nothing is missing."""
    if event.seen & (SEEN_EOE | SEEN_USER):
        return True
    return excluded & SEEN_EOE and event.seen & (SEEN_SYSCALL | SEEN_URINGOP)
