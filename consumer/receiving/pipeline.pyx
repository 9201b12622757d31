"""The processing of each datagram, by depth: counting, decoding, assembly, storage.

The source of the datagrams is not known here. Nothing is allocated per datagram.
"""

import cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from consumer.event.assemble cimport Assembler
from consumer.output.capture cimport CaptureWriter
from consumer.record.fields cimport MAX_TEXT, Fields, locate
from consumer.c.string cimport memmem
from consumer.record.header cimport is_digit, read_header
from consumer.event.serials cimport Serials, anchor_serials, see_serial
from consumer.output.store cimport LineStore
from consumer.record.types cimport (
    AUDIT_FIRST_USER_MSG,
    AUDIT_LAST_USER_MSG,
    NLMSG_DONE,
    NLMSG_ERROR,
    is_record,
)

from consumer import catalog


@cython.final
cdef class Pipeline:
    """All counters of one run.

    `depth` is a name of the catalog, `marker` the text that sync markers begin with (empty: no
    search for them), `assembler` the table for depths from `assemble` on, `store` and `capture`
    open files or None.
    """

    def __cinit__(self, depth, *, bytes marker=b"", Assembler assembler=None,
                  LineStore store=None, CaptureWriter capture=None):
        self.depth = catalog.DEPTHS.index(depth)
        if self.depth >= DEPTH_ASSEMBLE and assembler is None:
            assembler = Assembler()
        if self.depth == DEPTH_STORE and store is None:
            raise ValueError("depth store needs a store")
        self.marker = marker
        self.marker_start = marker
        self.marker_length = <uint32_t>len(marker)
        self.assembler = assembler
        self.store = store
        self.capture = capture
        self.by_type = <uint64_t *>calloc(ALL_TYPES, sizeof(uint64_t))
        self.markers = <uint64_t *>calloc(MARKERS_KEPT, sizeof(uint64_t))
        self.serials = <Serials *>calloc(1, sizeof(Serials))
        self.fields = <Fields *>calloc(1, sizeof(Fields))
        if (self.by_type == NULL or self.markers == NULL or self.serials == NULL
                or self.fields == NULL):
            raise MemoryError

    def __dealloc__(self):
        free(self.by_type)
        free(self.markers)
        free(self.serials)
        free(self.fields)

    cdef void feed(self, const uint8_t *datagram, uint32_t length, bint truncated,
                   uint64_t now_ns) noexcept nogil:
        """Take one datagram: struct nlmsghdr and text. nlmsg_len is ignored.

        `truncated` means that the datagram was longer than `length`.
        """
        cdef uint16_t message_type
        cdef bint readable = False
        cdef const uint8_t *text = datagram + HEADER_BYTES
        if length < HEADER_BYTES:
            self.malformed += 1
            return
        memcpy(&message_type, datagram + 4, 2)
        if not is_record(message_type):
            self.take_control(message_type, datagram, length)
            return
        self.truncated += truncated
        self.records += 1
        length -= HEADER_BYTES
        self.text_bytes += length
        self.by_type[message_type] += 1
        if (AUDIT_FIRST_USER_MSG <= message_type <= AUDIT_LAST_USER_MSG
                and self.marker_length):
            self.look_for_marker(text, length)
        if self.capture is not None:
            self.capture.put_datagram(now_ns, datagram, length + HEADER_BYTES)
        if self.depth >= DEPTH_DECODE:
            readable = self.decode(
                message_type, text, length if length <= MAX_TEXT else MAX_TEXT)
        if self.marker_came:
            self.marker_came = False
            self.take_marker(readable)

    cdef void take_control(self, uint32_t message_type, const uint8_t *datagram,
                           uint32_t length) noexcept nogil:
        """Count an answer of the kernel to this process; note an acknowledgement's error."""
        self.control_messages += 1
        if message_type == NLMSG_DONE:
            self.done = True
        if message_type == NLMSG_ERROR and length >= HEADER_BYTES + 4:
            memcpy(&self.ack_sequence, datagram + 8, 4)
            memcpy(&self.ack_error, datagram + HEADER_BYTES, 4)

    cdef void look_for_marker(self, const uint8_t *text, uint32_t length) noexcept nogil:
        """Note the number K of the first sync marker `PREFIX:K` in a text."""
        cdef const uint8_t *end = text + length
        cdef const uint8_t *found = text
        cdef uint64_t number = 0
        while True:
            found = <const uint8_t *>memmem(
                found, <size_t>(end - found), self.marker_start, self.marker_length)
            if found == NULL:
                return
            if (end - found >= self.marker_length + 2 and found[self.marker_length] == c":"
                    and is_digit(found[self.marker_length + 1])):
                break
            found += 1
        found += self.marker_length + 1
        while found < end and is_digit(found[0]):
            number = number * 10 + found[0] - 48
            found += 1
        if self.marker_count < MARKERS_KEPT:
            self.markers[self.marker_count] = number
            self.marker_count += 1
        self.marker_came = True
        self.last_marker = number

    cdef void take_marker(self, bint readable) noexcept nogil:
        """Begin a span with a sync marker; with the first that has number 0, the whole account."""
        if self.last_marker:
            if self.depth >= DEPTH_ASSEMBLE:
                self.assembler.begin_span()
        elif readable and not self.anchored:
            self.anchored = anchor_serials(self.serials, self.head.header.serial)
            if self.anchored and self.depth >= DEPTH_ASSEMBLE:
                self.assembler.anchor(self.head.header.serial)

    cdef bint decode(self, uint32_t record_type, const uint8_t *text,
                     uint32_t length) noexcept nogil:
        """Locate all fields of a record; from depth `assemble` on, take it into its event.

        False if it has no readable head.
        """
        if self.depth == DEPTH_STORE:
            self.store.put_line(record_type, text, length)
        if not read_header(text, length, &self.head):
            self.malformed += 1
            return False
        see_serial(self.serials, self.head.header.serial)
        locate(record_type, text, self.head.header.body, length, self.fields)
        if self.depth >= DEPTH_ASSEMBLE:
            self.assembler.add(record_type, text, length, &self.head.header, self.fields)
        return True

    def marker_numbers(self, uint32_t since=0):
        """The numbers of the markers seen, in order, from the `since`-th on."""
        cdef uint32_t i
        return [self.markers[i] for i in range(since, self.marker_count)]

    def acknowledged(self):
        """Sequence number and error of the last acknowledgement seen, or (0, 0)."""
        return self.ack_sequence, self.ack_error

    def records_by_type(self):
        """The number of records of each type, by the type's number as text."""
        cdef uint32_t i
        return {str(i): self.by_type[i] for i in range(ALL_TYPES) if self.by_type[i]}

    def serial_counters(self):
        """`serials` of the result document."""
        cdef Serials *serials = self.serials
        if not serials.started:
            return {"first": None, "last": None, "distinct": 0, "gaps": 0}
        return {"first": serials.lowest, "last": serials.highest, "distinct": serials.distinct,
                "gaps": serials.span + 1 - <int64_t>serials.distinct}

    def finish(self, uint32_t native_arch=0xC000003E):
        """Make events in flight final and return all counters, as in the result document."""
        open_events = self.assembler.finish() if self.depth >= DEPTH_ASSEMBLE else 0
        counters = self.counters(native_arch)
        if counters["events"] is not None:
            counters["events"]["in_flight"] = open_events
        return counters

    def counters(self, uint32_t native_arch=0xC000003E):
        """All counters so far; those that the depth does not have are None.

        System calls of another architecture than `native_arch` are named `ARCH:NUMBER`.
        """
        cdef Assembler assembler = self.assembler
        counters = {
            "records": self.records, "bytes": self.text_bytes, "truncated": self.truncated,
            "control_messages": self.control_messages, "malformed": self.malformed,
            "records_by_type": self.records_by_type(), "markers": self.marker_numbers(),
            "serials": None, "anchor": None, "events": None, "sessions": None, "tree": None,
            "events_overflowed": 0}
        if self.depth >= DEPTH_DECODE:
            counters["serials"] = self.serial_counters()
        if self.depth >= DEPTH_ASSEMBLE:
            counters["anchor"] = assembler.before_anchor()
            counters["events"] = assembler.totals()
            counters["sessions"], counters["tree"] = assembler.groups.describe(
                native_arch, assembler.has_tree)
            counters["events_overflowed"] = assembler.groups.overflowed
        return counters
