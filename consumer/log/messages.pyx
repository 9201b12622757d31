"""Records of programs, and others with a user and little else, read as aureport reads them.

Names are searched for in order. A record that aureport 3.0.9 refuses removes its event from the
reports that need the field (`left_out`). Source: audit-userspace, src/ausearch-parse.c.
"""

from libc.stdint cimport uint8_t, uint32_t

from consumer.log.event cimport (
    AUID,
    COMM,
    EXE,
    LEFT_ALL,
    LEFT_AUID,
    LEFT_KEY,
    UID,
    WITHOUT_ADDRESS,
    WITHOUT_COMM,
    WITHOUT_EXE,
    WITHOUT_TERMINAL,
    LogEvent,
)
from consumer.log.rough cimport (
    ABSENT,
    BROKEN,
    FOUND,
    Walk,
    nibble,
    read_number,
    result_fits,
    seek,
    until,
    walk_number,
)
from consumer.log.sums cimport ValueSums


cdef inline bint is_letter(uint8_t byte) noexcept nogil:
    return 97 <= byte | 32 <= 122


cdef class MessageFields(ValueSums):
    """Takes messages of programs, of the audit daemon, logins and simple records."""

    cdef int string(self, Walk *walk, const uint8_t *at, LogEvent *event, uint32_t kind,
                    const char *word, uint32_t length) noexcept nogil:
        """Take the quoted or hex value after a word, searched for from `at` on."""
        cdef const uint8_t *value = seek(walk, at, word, length)
        if value == NULL:
            return ABSENT
        if not self.set_chosen(event, kind, value, walk.end):
            return BROKEN
        if value < walk.end and value[0] == c'"':
            walk.at = until(walk, value + 1, c'"')
        return FOUND

    cdef int key(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef const uint8_t *value = seek(walk, walk.at, b"key=", 4)
        cdef const uint8_t *stop
        if value == NULL:
            return ABSENT
        if value < walk.end and value[0] == c'"':
            stop = until(walk, value + 1, c'"')
            if stop == NULL:
                return BROKEN
            self.add_key(event, value + 1, <uint32_t>(stop - value - 1))
            return FOUND
        return FOUND if self.decoded_key(event, value, walk.end) else BROKEN

    cdef int login(self, Walk *walk, LogEvent *event) noexcept nogil:
        """Take the auid, which must be followed by a space."""
        cdef uint32_t user = 0
        cdef int answer = walk_number(walk, b"auid=", 5, True, &user)
        if answer == ABSENT:
            answer = walk_number(walk, b"loginuid=", 9, True, &user)
        if answer == FOUND:
            self.set_user(event, AUID, user)
        return answer

    cdef bint other_user(self, const Walk *walk, LogEvent *event) noexcept nogil:
        """Take the uid, which no report of aureport shows; false if it is beyond 64 bits."""
        cdef uint32_t user = 0
        cdef bint fits = True
        cdef const uint8_t *value = seek(walk, walk.start, b" uid=", 5)
        if value != NULL:
            fits = read_number(value, walk.end, &user)
            self.set_user(event, UID, user)
        return fits

    cdef const uint8_t *need_uid(self, const Walk *walk, LogEvent *event, const uint8_t *at,
                                 bint required) noexcept nogil:
        """Skip the uid after `at`, which the report by auid also reads; its end, else `at`."""
        cdef const uint8_t *value = seek(walk, at, b"uid=", 4)
        cdef const uint8_t *stop
        while value != NULL and value[-5] == c"a":
            value = seek(walk, value, b"uid=", 4)
        stop = NULL if value == NULL else until(walk, value, c" ")
        if stop == NULL and (required or value != NULL):
            event.left_out |= LEFT_AUID
        return at if stop == NULL else stop

    cdef void take_message(self, Walk *walk, LogEvent *event, bint avc) noexcept nogil:
        """Take a message of a program, which may contain any text."""
        cdef uint32_t ignored = 0
        cdef const uint8_t *mark
        cdef const uint8_t *value
        cdef const uint8_t *stop
        if avc and seek(walk, walk.at, b"avc: ", 5) != NULL:
            value = until(walk, seek(walk, walk.at, b"avc: ", 5), c"{")
            if value != NULL and until(walk, value, c"}") == NULL:
                event.left_out |= LEFT_ALL
                return
        if walk_number(walk, b"pid=", 4, True, &ignored) != FOUND:
            event.left_out |= LEFT_ALL
            return
        value = seek(walk, walk.at, b"uid=", 4)
        stop = NULL if value == NULL else until(walk, value, c" ")
        if stop == NULL or (seek(walk, stop, b"auid=", 5) == NULL
                            and seek(walk, stop, b"loginuid=", 9) == NULL):
            event.left_out |= LEFT_AUID
        if self.login(walk, event) != FOUND:
            event.left_out |= LEFT_ALL
            return
        if not self.other_user(walk, event):
            event.left_out |= LEFT_AUID
        mark = walk.at
        if self.string(walk, mark, event, COMM, b"comm=", 5) == BROKEN:
            event.left_out |= WITHOUT_COMM
        walk.at = mark
        value = seek(walk, mark, b"acct=", 5)
        if value != NULL:
            stop = until(walk, value + 1, c'"') if value < walk.end and value[0] == c'"' else (
                until(walk, value, c" "))
            mark = walk.end if stop == NULL else stop
        walk.at = mark
        event.left_out |= self.take_host(walk, event)
        value = seek(walk, mark, b"terminal=", 9)
        if value != NULL and until(walk, value, c" ") == NULL and until(walk, value, c")") == NULL:
            event.left_out |= WITHOUT_TERMINAL
        value = seek(walk, mark, b"exe=", 4)
        if value != NULL:
            self.bare_exe(walk, event, value)
        if not avc:
            event.left_out |= self.message_ends(walk, mark)

    cdef void bare_exe(self, Walk *walk, LogEvent *event, const uint8_t *value) noexcept nogil:
        """Take a path without quotes, as some programs write it."""
        cdef const uint8_t *stop = until(walk, value, c" ")
        cdef const uint8_t *at = value
        if value < walk.end and value[0] == c'"':
            if not self.set_chosen(event, EXE, value, walk.end):
                event.left_out |= WITHOUT_EXE
            return
        if stop == NULL:
            stop = walk.end
        while at < stop and nibble(at[0]) >= 0:
            at += 1
        if at == stop:
            self.set_chosen(event, EXE, value, stop)
        else:
            event.value[EXE] = self.number(EXE, value, <uint32_t>(stop - value))

    cdef uint32_t take_host(self, Walk *walk, LogEvent *event) noexcept nogil:
        """Take `hostname=`, or `addr=` if the name is `?`; the LEFT_ bits if they have no end."""
        cdef const uint8_t *value = seek(walk, walk.at, b"hostname=", 9)
        cdef const uint8_t *stop
        cdef const uint8_t *other
        if value == NULL:
            return 0
        stop = until(walk, value, c",")
        if stop == NULL:
            stop = until(walk, value, c" ")
        if stop == NULL:
            return WITHOUT_ADDRESS
        if stop - value == 1 and value[0] == c"?":
            other = seek(walk, stop + 1, b"addr=", 5)
            if other != NULL:
                value = other
                stop = until(walk, value, c",")
                if stop == NULL:
                    stop = until(walk, value, c" ")
                if stop == NULL:
                    return WITHOUT_ADDRESS
        self.set_host(event, value, stop)
        return 0

    cdef uint32_t message_ends(self, Walk *walk, const uint8_t *at) noexcept nogil:
        cdef const uint8_t *value = seek(walk, at, b"res=", 4)
        if value != NULL:
            return LEFT_ALL if until(walk, value, c"'") == NULL else 0
        value = seek(walk, at, b"result=", 7)
        return LEFT_ALL if value != NULL and until(walk, value, c")") == NULL else 0

    cdef void take_simple(self, Walk *walk, LogEvent *event, bint is_change) noexcept nogil:
        cdef uint32_t user = 0
        cdef int answer = walk_number(walk, b"auid=", 5, False, &user)
        if answer == FOUND:
            self.set_user(event, AUID, user)
        elif answer == BROKEN or not is_change:
            event.left_out |= LEFT_ALL
            return
        self.other_user(walk, event)
        if self.key(walk, event) == BROKEN:
            event.left_out |= LEFT_KEY
        if not result_fits(walk, walk.at):
            event.left_out |= LEFT_ALL

    cdef void take_login(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef uint32_t user = 0
        if walk_number(walk, b"pid=", 4, True, &user) != FOUND:
            event.left_out |= LEFT_ALL
            return
        if not self.other_user(walk, event):
            event.left_out |= LEFT_AUID
        if (walk_number(walk, b"new auid=", 9, False, &user) != FOUND
                and walk_number(walk, b" auid=", 6, False, &user) != FOUND
                and walk_number(walk, b"new loginuid=", 13, False, &user) != FOUND):
            event.left_out |= LEFT_ALL
            return
        self.set_user(event, AUID, user)
        if not result_fits(walk, walk.at):
            event.left_out |= LEFT_ALL

    cdef void take_daemon(self, Walk *walk, LogEvent *event, bint connection) noexcept nogil:
        cdef uint32_t ignored = 0
        cdef const uint8_t *value = seek(walk, walk.start, b"res=", 4)
        cdef const uint8_t *stop
        if value != NULL and (value == walk.end or not is_letter(value[0])):
            event.left_out |= LEFT_ALL
            return
        if not connection:
            if (self.login(walk, event) != FOUND
                    or walk_number(walk, b"pid=", 4, True, &ignored) != FOUND):
                event.left_out |= LEFT_ALL
            elif walk_number(walk, b" uid=", 5, True, &ignored) == BROKEN:
                event.left_out |= LEFT_AUID
            return
        value = seek(walk, walk.at, b"addr=", 5)
        if value == NULL:
            return
        stop = until(walk, value, c":")
        if stop == NULL:
            stop = until(walk, value, c" ")
        if stop == NULL:
            event.left_out |= WITHOUT_ADDRESS
        else:
            self.set_host(event, value, stop)
