# cython: auto_pickle=False, autotestdict=False
"""A capture file in memory, prepared for being sent repeatedly.

docs/capture.md describes the format. Each record's serial is rewritten, once, to a ten-digit one
that counts from 1000000000; the distances between serials stay. A later round then only overwrites
digits. Messages without a serial are sent unchanged.
"""

import cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.stdint cimport UINT64_MAX, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

import zlib

MAGIC = b"AUDITCAP"
VERSION = 1
GZIP_MAGIC = b"\x1f\x8b"
MOST_DATAGRAM_BYTES = 65536
MOST_BYTES = 512 << 20    # two million records; held three times during preparation
PIECE_BYTES = 1 << 20
NO_CAPTURE = f"it does not begin with {MAGIC.decode()}, so it is no capture"

cdef enum:
    FIXED_BYTES = 16     # magic, version, length of the metadata
    FRAME_BYTES = 12     # length, time


cdef struct prefix:
    uint32_t begin       # the serial's digits within the datagram
    uint32_t end
    uint64_t serial


cdef inline uint32_t little_u32(const uint8_t *at) noexcept nogil:
    return at[0] | <uint32_t>at[1] << 8 | <uint32_t>at[2] << 16 | <uint32_t>at[3] << 24


cdef inline void put_u32(uint8_t *at, uint32_t value) noexcept nogil:
    memcpy(at, &value, 4)    # struct nlmsghdr is in the host's order


cdef bint is_digit(uint8_t message) noexcept nogil:
    return 48 <= message <= 57


cdef bint find_serial(const uint8_t *data, uint32_t length, prefix *found) noexcept nogil:
    # The text begins with `audit(seconds.milliseconds:serial)`.
    cdef uint32_t at = HEADER_BYTES + 6
    if length < at or memcmp(data + HEADER_BYTES, b"audit(", 6) != 0:
        return False
    while at < length and (is_digit(data[at]) or data[at] == 46):
        at += 1
    if at >= length or data[at] != 58:
        return False
    found.begin = at + 1
    found.end = found.begin
    found.serial = 0
    while found.end < length and is_digit(data[found.end]) and found.end - found.begin < 10:
        found.serial = found.serial * 10 + data[found.end] - 48
        found.end += 1
    return found.end > found.begin and found.end < length and data[found.end] == 41


@cython.final
cdef class LoadedCapture:
    """The records of the capture `data`; ValueError if it is damaged."""

    def __cinit__(self, bytes data):
        cdef const uint8_t *begin
        cdef const uint8_t *end
        if data[:2] == GZIP_MAGIC:
            data = unpacked(data)
        begin = <const uint8_t *>data + frames_offset(data)
        end = <const uint8_t *>data + len(data)
        self.records = count_frames(begin, end)
        if self.records == 0:
            raise ValueError("it holds no records")
        # Every serial may grow by nine digits.
        self.memory = <uint8_t *>PyMem_RawMalloc(end - begin + self.records * SERIAL_DIGITS)
        self.datagrams = <datagram *>PyMem_RawMalloc(self.records * sizeof(datagram))
        if self.memory == NULL or self.datagrams == NULL:
            raise MemoryError()
        self.fill(begin)

    def __dealloc__(self):
        PyMem_RawFree(self.memory)
        PyMem_RawFree(self.datagrams)

    cdef void fill(self, const uint8_t *frame) noexcept:
        cdef uint8_t *free_at = self.memory
        cdef uint64_t lowest = UINT64_MAX, highest = 0
        cdef datagram *one
        cdef Py_ssize_t i
        for i in range(self.records):
            one = &self.datagrams[i]
            one.start = free_at
            copy_datagram(frame + FRAME_BYTES, little_u32(frame), one)
            free_at += one.length
            frame += FRAME_BYTES + little_u32(frame)
            if one.serial_at:
                lowest = min(lowest, one.serial)
                highest = max(highest, one.serial)
        self.serials = highest - lowest + 1 if lowest <= highest else 1
        for i in range(self.records):
            one = &self.datagrams[i]
            if one.serial_at:
                one.serial -= lowest
                write_serial(one.start + one.serial_at, one.serial)

    def sendable(self, Py_ssize_t index, unsigned long long round_number=0) -> bytes:
        """The datagram `index` as it is sent in a round, counted from 0."""
        cdef datagram *one
        if not 0 <= index < self.records:
            raise IndexError(f"no record {index}")
        one = &self.datagrams[index]
        if one.serial_at:
            write_serial(one.start + one.serial_at, one.serial + round_number * self.serials)
        return (<char *>one.start)[:one.length]


cdef void copy_datagram(const uint8_t *data, uint32_t length, datagram *to) noexcept nogil:
    # Copies with room for ten digits of serial; nlmsg_len stays as correct as it was.
    cdef prefix found
    cdef uint32_t grown
    if not find_serial(data, length, &found):
        memcpy(to.start, data, length)
        to.length = length
        to.serial_at = 0
        return
    grown = SERIAL_DIGITS - (found.end - found.begin)
    memcpy(to.start, data, found.begin)
    memcpy(to.start + found.begin + SERIAL_DIGITS, data + found.end, length - found.end)
    put_u32(to.start, little_u32(data) + grown)
    to.length = length + grown
    to.serial_at = found.begin
    to.serial = found.serial


cdef Py_ssize_t count_frames(const uint8_t *frame, const uint8_t *end) except -1:
    cdef Py_ssize_t records = 0
    cdef uint32_t length
    while frame < end:
        if end - frame < FRAME_BYTES:
            raise ValueError(f"it ends in the middle of record {records + 1}")
        length = little_u32(frame)
        if not HEADER_BYTES <= length <= MOST_DATAGRAM_BYTES:
            raise ValueError(f"record {records + 1} is said to have {length} bytes")
        if end - frame - FRAME_BYTES < <int64_t>length:
            raise ValueError(f"it ends in the middle of record {records + 1}")
        frame += FRAME_BYTES + length
        records += 1
    return records


cdef Py_ssize_t frames_offset(bytes data) except -1:
    cdef uint64_t offset
    if len(data) < FIXED_BYTES or data[:8] != MAGIC:
        raise ValueError(NO_CAPTURE)
    version = little_u32(<const uint8_t *>data + 8)
    if version != VERSION:
        raise ValueError(f"it has version {version} of the format, this reads version {VERSION}")
    offset = FIXED_BYTES + <uint64_t>little_u32(<const uint8_t *>data + 12)
    if offset > <uint64_t>len(data):
        raise ValueError("it ends in the middle of its metadata")
    return <Py_ssize_t>offset


def unpacked(packed: bytes, most: int = MOST_BYTES) -> bytes:
    """The unpacked content of a gzip file, up to `most` bytes; it may have several members."""
    whole = bytearray()
    while packed:
        reader = zlib.decompressobj(wbits=31)
        while not reader.eof:
            try:
                piece = reader.decompress(packed, PIECE_BYTES)
            except zlib.error as error:
                raise ValueError(f"it is a damaged gzip file ({error})") from None
            packed = reader.unconsumed_tail
            if not piece and not packed and not reader.eof:
                raise ValueError("it is a gzip file that ends too early")
            whole += piece
            refuse_too_large(len(whole), most)
            if not whole.startswith(MAGIC[:len(whole)]):
                raise ValueError(NO_CAPTURE)
        packed = reader.unused_data
    return bytes(whole)


def refuse_too_large(size: int, most: int = MOST_BYTES) -> None:
    """Raise ValueError for a capture that is larger than allowed."""
    if size > most:
        raise ValueError(f"it is larger than {most >> 20} MiB")


def read_capture(file, most: int = MOST_BYTES) -> bytes:
    """The content of a capture file; ValueError if it is not one, or is too large or endless."""
    head = file.read(len(MAGIC))
    if not head.startswith(GZIP_MAGIC) and head != MAGIC:
        raise ValueError(NO_CAPTURE)
    content = head + file.read(most + 1 - len(head))
    refuse_too_large(len(content), most)
    return content
