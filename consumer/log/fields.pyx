"""The values to be counted, from the records of an audit.log.

A SYSCALL record as every known kernel prints it is decoded by the decoder for live records. All
others, and damaged ones, are read as aureport 3.0.9 reads them.
"""

import cython
from libc.stdint cimport int32_t, uint8_t, uint32_t
from libc.string cimport memchr, memcmp

from consumer.record.fields cimport Field, decimal, hexadecimal, key_is, locate
from consumer.record.header cimport is_digit
from consumer.log.event cimport AUID, COMM, EXE, SUBJ, UID, LogEvent
from consumer.log.kernel cimport KernelFields
from consumer.log.rough cimport Walk, leading_number, nibble
from consumer.record.syscall cimport SyscallFields, fields_by_place


cdef inline bint is_plain(const uint8_t *text, const Field *field) noexcept nogil:
    """Whether a value is a decimal number too short to overflow."""
    cdef uint32_t pos = field.value
    if field.end == pos or field.end - pos > 10:
        return False
    while pos < field.end:
        if not is_digit(text[pos]):
            return False
        pos += 1
    return True


cdef inline bint are_plain(const uint8_t *text, const SyscallFields *found) noexcept nogil:
    """Whether the numbers that are read are as the kernel prints them: only digits."""
    return (is_plain(text, found.number) and is_plain(text, found.pid)
            and is_plain(text, found.pid + 1) and is_plain(text, found.pid + 2)
            and found.a1.end - found.a1.value <= 16 and found.a1[-1].end - found.a1[-1].value <= 16)


@cython.final
cdef class LogFields(KernelFields):
    """Takes records of any type into the values of their event."""

    cdef void take(self, LogEvent *event, int record_type, const uint8_t *text, uint32_t body,
                   uint32_t length) noexcept nogil:
        """Take one record's text; only the types that aureport reads yield values."""
        cdef Walk walk
        cdef const uint8_t *cut
        if (record_type == 1302 or record_type == 1307 or record_type == 1309
                or record_type == 1320 or record_type == 1327):
            return
        cut = <const uint8_t *>memchr(text + body, 0x1d, length - body)
        length = length if cut == NULL else <uint32_t>(cut - text)
        cut = <const uint8_t *>memchr(text + body, 0, length - body)
        length = length if cut == NULL else <uint32_t>(cut - text)
        if record_type == 1300 and self.take_in_order(event, text, body, length):
            return
        # Names are searched for with the space before them.
        walk.start = walk.at = text + body - 1
        walk.end = text + length
        if record_type == 1300:
            self.take_call(&walk, event)
        elif record_type == 1306:
            self.take_address(&walk, event)
        elif record_type == 1328 or record_type == 1702:
            self.take_task(&walk, event)
        elif (record_type == 1005 or 1100 <= record_type <= 1106 or 1108 <= record_type <= 1199
                or 2100 <= record_type <= 2999):
            self.take_message(&walk, event, False)
        elif record_type == 1107:
            self.take_message(&walk, event, True)
        elif record_type == 1400:
            self.take_avc(&walk, event)
        elif record_type == 1305 or 1403 <= record_type <= 1417:
            self.take_simple(&walk, event, record_type == 1305)
        elif record_type == 1006:
            self.take_login(&walk, event)
        elif 1200 <= record_type <= 1208 and record_type != 1204:
            self.take_daemon(&walk, event, record_type >= 1207)
        elif record_type == 1326 or 1700 <= record_type <= 1701:
            self.take_anomaly(&walk, event, record_type)
        elif record_type == 1325 or record_type == 1335:
            self.take_kernel(&walk, event)
        elif record_type == 1319 or 1800 <= record_type <= 1805:
            self.take_loose(&walk, event, record_type == 1319)
        elif record_type == 1324:
            self.take_packet(&walk, event)

    cdef bint take_in_order(self, LogEvent *event, const uint8_t *text, uint32_t body,
                            uint32_t length) noexcept nogil:
        """Take a SYSCALL record with all fields in their places; else false, and take nothing."""
        cdef SyscallFields found
        cdef Field *comm
        cdef Field *key
        locate(1300, text, body, length, &self.fields)
        if not fields_by_place(text, &self.fields, &found):
            return False
        comm = found.session + 1
        key = self.fields.at + self.fields.count - 1
        if (not key_is(text, found.a1 - 1, b"a0", 2) or not key_is(text, found.a1, b"a1", 2)
                or not key_is(text, comm, b"comm", 4) or not key_is(text, comm + 1, b"exe", 3)
                or not key_is(text, key, b"key", 3) or key - comm > 3
                or not key_is(text, found.pid + 1, b"auid", 4)
                or not key_is(text, found.pid + 2, b"uid", 3)
                or key.end == key.value or comm.end == comm.value or comm[1].end == comm[1].value
                or not are_plain(text, &found)):
            return False
        if key.end - key.value == 6 and memcmp(text + key.value, b"(null)", 6) == 0:
            pass
        elif text[key.value] == c'"':
            if (key.end - key.value < 2
                    or memchr(text + key.value + 1, c'"', key.end - key.value - 1)
                    != text + key.end - 1):
                return False
        elif nibble(text[key.value]) < 0:
            return False
        if (not self.set_chosen(event, COMM, text + comm.value, text + comm.end)
                or not self.set_chosen(event, EXE, text + comm[1].value, text + comm[1].end)):
            return False
        self.set_call(event, <uint32_t>hexadecimal(text, found.arch),
                      leading_number(text + found.number.value, text + found.number.end))
        self.set_user(event, AUID, <uint32_t>decimal(text, found.pid + 1))
        self.set_user(event, UID, <uint32_t>decimal(text, found.pid + 2))
        if found.subject != NULL and found.subject.end > found.subject.value:
            event.value[SUBJ] = self.number(SUBJ, text + found.subject.value,
                                            found.subject.end - found.subject.value)
        if found.exit != NULL:
            event.exit_code = min(0, <int32_t>leading_number(text + found.exit.value,
                                                             text + found.exit.end))
            if found.success.end > found.success.value and text[found.success.value] == c"y":
                event.exit_code = 0
        if text[key.value] == c'"':
            self.add_key(event, text + key.value + 1, key.end - key.value - 2)
        else:
            return self.decoded_key(event, text + key.value, text + key.end)
        return True
