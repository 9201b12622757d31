"""Assembly of records to events, and their completeness, as defined in README.md.

Events are keyed by time and serial and live in an event table; one that gives way to a newer one
becomes final. The source of the records is not known here, and only the few values that matter
for a decision are decoded.
"""

import cython
from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from consumer.event.event cimport (
    AUXILIARY_MANY,
    SEEN_ALONE,
    SEEN_AUXILIARY,
    SEEN_CONTEXTS,
    SEEN_CWD,
    SEEN_EOE,
    SEEN_EXECVE,
    SEEN_LOGIN,
    SEEN_ONCE,
    SEEN_PATH,
    SEEN_SYSCALL,
    SEEN_URINGOP,
    SEEN_USER,
    STATE_FINAL,
    STATE_OPEN,
    Event,
    is_closed,
    missing_records,
)
from consumer.event.table cimport EventTable
from consumer.record.execve cimport take_arguments
from consumer.record.fields cimport Field, Fields, decimal, find_field, key_is
from consumer.event.groups cimport KIND_OTHER, KIND_SYSCALL, NO_GROUP, Groups, Outcome
from consumer.record.header cimport Header
from consumer.event.prints cimport Prints, fingerprint
from consumer.record.syscall cimport (
    IMPLIES_HIDDEN_NAME,
    SyscallFields,
    decimal_or,
    fields_by_name,
    fields_by_place,
    hexadecimal_or,
    implied_records,
)
from consumer.record.types cimport TYPE_LIMIT

from consumer.event import implied
from consumer.event import kinds

DEFAULT_EVENTS = 16384


cdef inline bint is_unknown(const uint8_t *text, const Field *field) noexcept nogil:
    """Whether the value is `?`: the contexts of several LSMs follow in a record of their own."""
    return field != NULL and field.end == field.value + 1 and text[field.value] == c"?"


cdef inline Field *path_item(const uint8_t *text, Fields *fields) noexcept nogil:
    if fields.count and key_is(text, fields.at, b"item", 4):
        return fields.at
    return NULL


@cython.final
cdef class Assembler:
    """The table of events, and the counts of their outcomes.

    `events` is the number kept (a power of two, at least 8); `excluded_types` are record types
    that rules suppress, which no event is therefore expected to contain.
    """

    def __cinit__(self, uint32_t events=DEFAULT_EVENTS, excluded_types=()):
        self.table = EventTable(events)
        self.prints = Prints()
        self.groups = Groups()
        self.load_tables(frozenset(excluded_types))

    def __dealloc__(self):
        free(self.tree_pids)

    def load_tables(self, excluded_types):
        """Copy the tables of kinds.py and implied.py into C arrays."""
        for record_type in range(TYPE_LIMIT):
            self.kinds[record_type] = kinds.kind_of(record_type)
        for index, (arch, rules) in enumerate(implied.IMPLIED.items()):
            self.arches[index] = arch
            for number, rule in rules.items():
                self.implied[index][number] = rule
        for record_type in excluded_types & kinds.EXCLUDABLE:
            self.excluded |= kinds.KINDS[record_type]
        self.path_excluded = self.kinds[1302] & self.excluded != 0
        self.contexts_excluded = bool({1425, 1426} & excluded_types)

    cdef void add(self, uint32_t record_type, const uint8_t *text, uint32_t length,
                  const Header *header, Fields *fields) noexcept nogil:
        """Take one record into its event. `fields` are those of text[header.body:length]."""
        cdef Event *event = self.last
        cdef uint32_t kind = self.kinds[record_type if record_type < TYPE_LIMIT else 0]
        if (event == NULL or event.serial != header.serial
                or event.stamp_ms != header.stamp_ms):
            event = self.table.find(header)
            if event == NULL:
                event = self.begin(header)
            self.last = event
        if self.is_duplicate(event, kind, text, header.body, length, fields):
            self.duplicate_records += 1
            return
        if event.state == STATE_FINAL:
            self.late_records += 1
            self.credit_late(event, length)
            return
        if event.seen & SEEN_EOE:
            self.late_records += 1
        event.seen |= kind
        event.records += 1
        event.bytes += length
        if kind == SEEN_SYSCALL:
            self.take_syscall(event, text, fields)
        elif kind == SEEN_PATH:
            self.take_path(event, text, header.body, length, fields)
        elif kind == SEEN_EXECVE:
            self.prints.keep(event, fingerprint(
                SEEN_EXECVE, text + header.body, length - header.body))
            take_arguments(event, text, fields)
        elif not kind & SEEN_ONCE:
            self.take_other(event, record_type, text, fields)
        if is_closed(event, self.excluded) and missing_records(event, self.excluded) == 0:
            self.finalise(event)

    cdef void begin_span(self) noexcept nogil:
        """Note a sync marker; events that begin from now on come after it."""
        self.span += 1
        self.groups.begin_span()

    cdef void anchor(self, uint32_t serial) noexcept nogil:
        """Note the start marker: events with earlier serials are counted separately from now on."""
        self.anchored = True
        self.anchor_serial = serial
        self.events_before = self.complete + self.partial
        self.records_before = self.final_records
        self.complete = self.partial = 0
        self.groups.clear()

    cdef bint is_before(self, const Event *event) noexcept nogil:
        """Whether the event began before the start marker."""
        return self.anchored and <int32_t>(event.serial - self.anchor_serial) < 0

    cdef Event *begin(self, const Header *header) noexcept nogil:
        """Begin an event of that time and serial; the one whose place it takes becomes final."""
        cdef Event *event = self.table.oldest(header)
        if event.state == STATE_OPEN:
            self.evicted += 1
            self.finalise(event)
        memset(event, 0, sizeof(Event))
        event.stamp_ms = header.stamp_ms
        event.serial = header.serial
        event.state = STATE_OPEN
        event.span = self.span
        self.in_flight += 1
        return event

    cdef bint is_duplicate(self, Event *event, uint32_t kind, const uint8_t *text,
                           uint32_t body, uint32_t length, Fields *fields) noexcept nogil:
        """Whether the event already has exactly this record.

        Most types occur once per event; PATHs are distinguished by their item, EXECVEs by their
        text. Types that may repeat verbatim are never duplicates. A final event has all its
        PATHs and EXECVEs.
        """
        cdef Field *item
        cdef uint64_t number
        if not event.seen & kind:
            return False
        if kind & (SEEN_ONCE | SEEN_USER):
            return True
        if kind == SEEN_PATH:
            item = path_item(text, fields)
            if item == NULL:
                return False
            number = decimal(text, item)
            if number < 64:
                return event.items >> number & 1
        elif kind != SEEN_EXECVE:
            return False
        if event.state == STATE_FINAL:
            return True
        return self.prints.knows(event, fingerprint(kind, text + body, length - body))

    cdef void take_path(self, Event *event, const uint8_t *text, uint32_t body, uint32_t length,
                        Fields *fields) noexcept nogil:
        cdef Field *item = path_item(text, fields)
        cdef uint64_t number
        event.paths_seen += 1
        if item != NULL:
            number = decimal(text, item)
            if number < 64:
                event.items |= <uint64_t>1 << number
            else:
                self.prints.keep(
                    event, fingerprint(SEEN_PATH, text + body, length - body))
        # the kernel prints obj= in ninth place, if at all
        if (fields.count > 8 and key_is(text, &fields.at[8], b"obj", 3)
                and is_unknown(text, &fields.at[8]) and not self.contexts_excluded):
            event.contexts_owed += 1

    cdef uint32_t rule(self, uint32_t arch, uint64_t number) noexcept nogil:
        cdef uint32_t i
        if number < SYSCALLS:
            for i in range(ARCHES):
                if self.arches[i] == arch:
                    return self.implied[i][number]
        return 0

    cdef void take_syscall(self, Event *event, const uint8_t *text,
                           Fields *fields) noexcept nogil:
        """Take a SYSCALL record: it shows whose event this is and which records it must contain."""
        cdef SyscallFields found
        cdef uint64_t number, items
        cdef uint32_t rule
        if not fields_by_place(text, fields, &found):
            fields_by_name(text, fields, &found)
        event.arch = <uint32_t>hexadecimal_or(text, found.arch, 0)
        number = decimal_or(text, found.number, 0)
        event.number = <int32_t>number
        items = decimal_or(text, found.items, 0)
        rule = self.rule(event.arch, number)
        event.required = implied_records(rule, items, text, &found) & ~self.excluded
        if rule & IMPLIES_HIDDEN_NAME and items:
            items -= 1
        event.paths_owed = 0 if self.path_excluded else <uint32_t>items
        if found.session != NULL:
            event.session = <uint32_t>decimal(text, found.session)
            event.has_session = True
        if is_unknown(text, found.subject) and not self.contexts_excluded:
            event.contexts_owed += 1
        if self.tree_pids != NULL:
            self.see_process(event, decimal_or(text, found.pid, 0), decimal_or(text, found.ppid, 0))

    cdef void take_other(self, Event *event, uint32_t record_type, const uint8_t *text,
                         Fields *fields) noexcept nogil:
        """Take a rare record: stand-alone ones, io_uring operations, LSM contexts."""
        cdef uint32_t kind = self.kinds[record_type if record_type < TYPE_LIMIT else 0]
        cdef Field *session = NULL
        if kind == SEEN_CONTEXTS:
            event.contexts_seen += 1
            return
        if kind == SEEN_AUXILIARY and event.auxiliary < AUXILIARY_MANY:
            event.auxiliary += 1
        if kind == SEEN_URINGOP and not event.seen & SEEN_SYSCALL:
            event.paths_owed = <uint32_t>decimal_or(
                text, find_field(text, fields, b"items", 5), 0)
            event.required = (SEEN_EOE | (SEEN_CWD if event.paths_owed else 0)) & ~self.excluded
            if self.path_excluded:
                event.paths_owed = 0
        if kind & (SEEN_LOGIN | SEEN_ALONE | SEEN_USER | SEEN_URINGOP):
            if event.other_type == 0 or kind == SEEN_LOGIN:
                event.other_type = <uint16_t>record_type
            session = find_field(text, fields, b"ses", 3)
            if session != NULL and not event.seen & SEEN_SYSCALL:
                event.session = <uint32_t>decimal(text, session)
                event.has_session = True
        if not self.contexts_excluded:
            event.contexts_owed += is_unknown(text, find_field(text, fields, b"subj", 4))
            event.contexts_owed += is_unknown(text, find_field(text, fields, b"obj", 3))

    cdef void see_process(self, Event *event, uint64_t pid, uint64_t ppid) noexcept nogil:
        """Mark the event if its process, or its parent, belongs to the tree."""
        if pid >= PID_LIMIT or ppid >= PID_LIMIT:
            return
        if self.tree_pids[pid >> 3] >> (pid & 7) & 1:
            event.in_tree = True
        elif self.tree_pids[ppid >> 3] >> (ppid & 7) & 1:
            event.in_tree = True
            self.tree_pids[pid >> 3] |= <uint8_t>(1 << (pid & 7))

    cdef void finalise(self, Event *event) noexcept nogil:
        """Decide whether the event is complete and count it."""
        cdef Outcome outcome
        cdef uint32_t group
        cdef uint32_t missing = missing_records(event, self.excluded)
        event.state = STATE_FINAL
        self.in_flight -= 1
        self.prints.drop(event)
        self.final_records += event.records
        if self.is_before(event):
            self.events_before += 1
            self.records_before += event.records
            return
        if missing:
            self.partial += 1
        else:
            self.complete += 1
        if not self.describe(event, &outcome):
            return
        outcome.complete = missing == 0
        outcome.auxiliary = event.auxiliary
        outcome.missing_records = missing
        outcome.after_marker = self.span != 0 and event.span == self.span
        outcome.records = event.records
        outcome.bytes = event.bytes
        if event.has_session:
            group = self.groups.session_group(event.session)
            if group == NO_GROUP:
                self.groups.overflowed += 1
            else:
                self.groups.count(group, &outcome)
        if event.in_tree:
            self.groups.count(self.groups.tree_group(), &outcome)

    cdef bint describe(self, const Event *event, Outcome *out) noexcept nogil:
        """Find the heading under which an event is counted; false if no record shows it.

        A write to loginuid counts as LOGIN, not as the system call that carried it.
        """
        out.arch = 0
        if event.seen & SEEN_SYSCALL and not event.seen & SEEN_LOGIN:
            out.kind = KIND_SYSCALL
            out.arch = event.arch
            out.number = event.number
            return True
        out.kind = KIND_OTHER
        out.number = event.other_type
        return out.number != 0

    cdef void credit_late(self, const Event *event, uint32_t length) noexcept nogil:
        cdef Outcome outcome
        cdef uint32_t group
        self.final_records += 1
        if self.is_before(event):
            self.records_before += 1
            return
        if not self.describe(event, &outcome):
            return
        outcome.records = 1
        outcome.bytes = length
        if event.has_session:
            group = self.groups.session_group(event.session)
            if group != NO_GROUP:
                self.groups.count_late(group, &outcome)
        if event.in_tree:
            self.groups.count_late(self.groups.tree_group(), &outcome)

    def follow_tree(self, uint32_t pid):
        """Also count the events of this process and its descendants from now on."""
        if pid >= PID_LIMIT:
            raise ValueError(f"no process has the number {pid}")
        if self.tree_pids == NULL:
            self.tree_pids = <uint8_t *>calloc(PID_LIMIT // 8, 1)
            if self.tree_pids == NULL:
                raise MemoryError
        self.tree_pids[pid >> 3] |= <uint8_t>(1 << (pid & 7))

    @property
    def has_tree(self):
        """Whether a process tree is followed."""
        return self.tree_pids != NULL

    def finish(self):
        """Make every event in flight final; return how many there were."""
        cdef uint32_t place
        cdef uint64_t open_events = self.in_flight
        for place in range(self.table.size):
            if self.table.events[place].state == STATE_OPEN:
                self.finalise(&self.table.events[place])
        return open_events

    def before_anchor(self):
        """Serial of the start marker, events up to it and their records; None without one."""
        if not self.anchored:
            return None
        return {"serial": self.anchor_serial, "events": self.events_before,
                "records": self.records_before}

    def totals(self):
        """The counters of `events` in the result document."""
        return {"complete": self.complete, "partial": self.partial,
                "duplicate_records": self.duplicate_records, "late_records": self.late_records,
                "evicted": self.evicted, "in_flight": self.in_flight,
                "unchecked_records": self.prints.untold}
