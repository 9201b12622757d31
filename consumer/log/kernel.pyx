"""Records of the kernel that are damaged, out of order or rare, read as aureport reads them.

The rules are those of messages.pyx. Source: audit-userspace 3.0.9, src/ausearch-parse.c.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy

from consumer.record.fields cimport MAX_TEXT
from consumer.log.event cimport (
    ADDRESS,
    AUID,
    COMM,
    EXE,
    LEFT_ALL,
    LEFT_AUID,
    LEFT_COMM,
    LEFT_KEY,
    NO_VALUE,
    SUBJ,
    WITHOUT_ADDRESS,
    WITHOUT_COMM,
    WITHOUT_EXE,
    WITHOUT_TERMINAL,
    LogEvent,
)
from consumer.log.messages cimport MessageFields
from consumer.log.rough cimport (
    ABSENT,
    BROKEN,
    FOUND,
    Walk,
    nibble,
    result_fits,
    seek,
    unescape,
    until,
    walk_argument,
    walk_number,
    walk_word,
)

cdef enum:
    FAMILY_UNIX = 1
    FAMILY_INET = 2
    FAMILY_INET6 = 10


cdef class KernelFields(MessageFields):
    """Takes system calls, anomalies, AVCs, addresses by the names of their fields."""

    cdef void take_call(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef uint32_t arch = 0, number = 0
        cdef const uint8_t *behind_arguments
        cdef const uint8_t *stop
        cdef const uint8_t *value = seek(walk, walk.at, b"arch=", 5)
        if value != NULL:
            while value < walk.end and nibble(value[0]) >= 0:
                arch = arch << 4 | <uint32_t>nibble(value[0])
                value += 1
        if walk_number(walk, b"syscall=", 8, True, &number) != FOUND:
            event.left_out |= LEFT_ALL
            if self.as_aureport:
                return
        else:
            self.set_call(event, arch, number)
        if (walk_word(walk, b"success=", 8) == BROKEN
                or walk_argument(walk, b"a0=", 3) != FOUND
                or walk_argument(walk, b"a1=", 3) != FOUND):
            event.left_out |= LEFT_ALL
            if self.as_aureport:
                return
        value = seek(walk, walk.at, b" subj=", 6)
        stop = NULL if value == NULL else seek(walk, value, b" key=", 5)
        if stop != NULL and stop - 5 > value:
            event.value[SUBJ] = self.number(SUBJ, value, <uint32_t>(stop - 5 - value))
        behind_arguments = walk.at
        walk.at = walk.start
        self.take_task(walk, event)
        walk.at = behind_arguments
        if (event.left_out & LEFT_KEY == 0 or not self.as_aureport) and self.key(walk, event) == BROKEN:
            event.left_out |= LEFT_KEY

    cdef void take_task(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef uint32_t ignored = 0
        cdef const uint8_t *before_comm
        cdef const uint8_t *value
        cdef bint known = walk_number(walk, b" pid=", 5, True, &ignored) == FOUND
        if known or not self.as_aureport:
            known = self.login(walk, event) == FOUND and known
        if not known:
            event.left_out |= LEFT_ALL
            if self.as_aureport:
                return
        if not self.other_user(walk, event):
            event.left_out |= LEFT_AUID
        self.need_uid(walk, event, walk.at, True)
        before_comm = walk.at
        if self.string(walk, walk.at, event, COMM, b"comm=", 5) != FOUND:
            event.left_out |= WITHOUT_COMM
        # Some reports look for the terminal first, and for the command only after it.
        value = seek(walk, before_comm, b"tty=", 4)
        if value != NULL:
            value = until(walk, value, c" ")
            if value == NULL:
                event.left_out |= WITHOUT_TERMINAL
            elif seek(walk, value, b"comm=", 5) == NULL:
                event.left_out |= LEFT_COMM
        walk.at = before_comm
        if self.string(walk, walk.start, event, EXE, b"exe=", 4) != FOUND:
            event.left_out |= WITHOUT_EXE

    cdef void take_anomaly(self, Walk *walk, LogEvent *event, int record_type) noexcept nogil:
        cdef uint32_t number = 0
        cdef uint32_t arch = 0
        cdef const uint8_t *mark
        cdef int answer = walk_number(walk, b"auid=", 5, False, &number)
        if answer != FOUND:
            event.left_out |= LEFT_ALL
            return
        self.set_user(event, AUID, number)
        if not self.other_user(walk, event):
            event.left_out |= LEFT_AUID
        if not result_fits(walk, walk.at):
            event.left_out |= LEFT_ALL
            return
        if record_type == 1700:
            return
        if walk_number(walk, b"pid=", 4, True, &number) == BROKEN:
            event.left_out |= LEFT_ALL
            return
        mark = walk.at
        if self.string(walk, mark, event, COMM, b"comm=", 5) == BROKEN:
            event.left_out |= WITHOUT_COMM
        walk.at = mark
        answer = self.string(walk, mark, event, EXE, b"exe=", 4)
        if answer == BROKEN or (answer == ABSENT and record_type == 1326):
            event.left_out |= WITHOUT_EXE
        if record_type != 1326:
            return
        mark = seek(walk, walk.at, b"arch=", 5)
        if mark == NULL:
            return
        if walk_argument(walk, b"arch=", 5) != FOUND:
            event.left_out |= LEFT_ALL
            return
        while mark < walk.end and nibble(mark[0]) >= 0:
            arch = arch << 4 | <uint32_t>nibble(mark[0])
            mark += 1
        if walk_number(walk, b"syscall=", 8, True, &number) != FOUND:
            event.left_out |= LEFT_ALL
        else:
            self.set_call(event, arch, number)

    cdef void take_kernel(self, Walk *walk, LogEvent *event) noexcept nogil:
        """Take records that fill in only the values that their event does not have yet."""
        cdef uint32_t number = 0
        cdef const uint8_t *mark
        cdef int answer
        if event.value[AUID] == NO_VALUE or event.records == 1:
            if event.records == 1 and walk_number(walk, b" pid=", 5, True, &number) != FOUND:
                event.left_out |= LEFT_ALL
                return
            self.need_uid(walk, event, walk.at, False)
            number = NO_VALUE
            if walk_number(walk, b"auid=", 5, True, &number) == BROKEN:
                event.left_out |= LEFT_ALL
                return
            self.set_user(event, AUID, number)
            if not self.other_user(walk, event):
                event.left_out |= LEFT_AUID
        if not result_fits(walk, walk.at):
            event.left_out |= LEFT_ALL
            return
        if event.value[COMM] == NO_VALUE:
            mark = walk.at
            if self.string(walk, mark, event, COMM, b"comm=", 5) != FOUND:
                event.left_out |= WITHOUT_COMM
            walk.at = mark
        if event.value[EXE] == NO_VALUE:
            answer = self.string(walk, walk.start, event, EXE, b"exe=", 4)
            if answer == BROKEN:
                event.left_out |= WITHOUT_EXE
            elif answer == ABSENT:
                event.value[EXE] = self.number(EXE, <const char *>b"(null)", 6)

    cdef void take_avc(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef uint32_t ignored = 0
        cdef const uint8_t *mark = seek(walk, walk.at, b"avc: ", 5)
        if mark != NULL:
            mark = until(walk, mark, c"{")
        if mark != NULL:
            mark = until(walk, mark, c"}")
            if mark == NULL:
                event.left_out |= LEFT_ALL
                return
            walk.at = mark
        if walk_number(walk, b"pid=", 4, True, &ignored) == BROKEN:
            event.left_out |= LEFT_ALL
            return
        mark = walk.at
        if event.value[COMM] == NO_VALUE and self.string(walk, mark, event, COMM, b"comm=",
                                                         5) != FOUND:
            event.left_out |= WITHOUT_COMM
        if seek(walk, mark, b"tclass=", 7) == NULL:
            event.left_out |= LEFT_ALL

    cdef void take_loose(self, Walk *walk, LogEvent *event, bint with_login) noexcept nogil:
        """Take TTY and integrity records."""
        cdef uint32_t user = 0
        cdef const uint8_t *stop
        cdef int answer = walk_number(walk, b"pid=", 4, True, &user)
        if answer == BROKEN:
            event.left_out |= LEFT_ALL
            return
        self.other_user(walk, event)
        stop = self.need_uid(walk, event, walk.at, False)
        if with_login and seek(walk, stop, b"auid=", 5) == NULL:
            event.left_out |= LEFT_AUID
        answer = walk_number(walk, b"auid=", 5, not with_login, &user)
        if answer == FOUND:
            self.set_user(event, AUID, user)
        elif with_login or answer == BROKEN:
            event.left_out |= LEFT_ALL
            return
        if self.string(walk, walk.at, event, COMM, b"comm=", 5) == BROKEN:
            event.left_out |= WITHOUT_COMM

    cdef void take_packet(self, Walk *walk, LogEvent *event) noexcept nogil:
        cdef const uint8_t *value = seek(walk, walk.at, b"saddr=", 6)
        cdef const uint8_t *stop
        if value == NULL:
            return
        stop = until(walk, value, c" ")
        if stop == NULL:
            event.left_out |= WITHOUT_ADDRESS
        else:
            self.set_host(event, value, stop)

    cdef void take_address(self, Walk *walk, LogEvent *event) noexcept nogil:
        """Take a SOCKADDR: 4 or 6, then the address; other address families yield nothing."""
        cdef uint16_t family = 0
        cdef uint32_t raw = 0
        cdef const uint8_t *value = seek(walk, walk.at, b"saddr=", 6)
        if value == NULL:
            return
        if unescape(value, walk.end, self.scratch, MAX_TEXT, &raw) < 0:
            event.left_out |= WITHOUT_ADDRESS
            return
        event.value[ADDRESS] = NO_VALUE
        memcpy(&family, self.scratch, min(raw, <uint32_t>2))
        if family == FAMILY_INET and raw >= 16:
            self.scratch[3] = 4
            event.value[ADDRESS] = self.number(ADDRESS, self.scratch + 3, 5)
        elif family == FAMILY_INET6 and raw >= 28:
            self.scratch[7] = 6
            event.value[ADDRESS] = self.number(ADDRESS, self.scratch + 7, 21)
        elif (family == FAMILY_INET or family == FAMILY_INET6
                or (family == FAMILY_UNIX and raw < 4)):
            event.left_out |= WITHOUT_ADDRESS
