"""Records from memory: the decoder and assembler without a socket, for tests and benchmarks."""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

from consumer.record.fields cimport MAX_TEXT, Fields, locate
from consumer.record.header cimport Header, parse_header
from consumer.receiving.pipeline cimport HEADER_BYTES, Pipeline

import json
import struct

from consumer.output import capture


def feed_frames(Pipeline pipeline not None, const uint8_t[::1] frames):
    """Feed frames (u32 length, u64 time, datagram; see docs/capture.md) into a pipeline.

    Raises ValueError if a frame goes beyond the end of the data.
    """
    cdef size_t pos = 0, end = frames.shape[0]
    cdef uint32_t length = 0, taken
    cdef const uint8_t *start
    if end == 0:
        return
    start = &frames[0]
    with nogil:
        while pos + 12 <= end:
            memcpy(&length, start + pos, 4)
            pos += 12
            if length > end - pos:
                pos -= 12
                break
            taken = length if length <= HEADER_BYTES + MAX_TEXT else HEADER_BYTES + MAX_TEXT
            pipeline.feed(start + pos, taken, taken != length, 0)
            pos += length
    if pos != end:
        raise ValueError(f"the frame at byte {pos} is cut off")


def frame(message_type, text, *, time_ns=0):
    """One frame with a record, as in a capture file."""
    length = HEADER_BYTES + len(text)
    header = struct.pack("=IHHII", length, message_type, 0, 0, 0)
    return struct.pack("<IQ", length, time_ns) + header + text


def split_capture(bytes content):
    """Metadata and frames of an uncompressed capture file; ValueError if it is not one."""
    if content[:8] != capture.MAGIC or len(content) < 16:
        raise ValueError("no capture file: it does not begin with AUDITCAP")
    version, length = struct.unpack_from("<II", content, 8)
    if version != capture.VERSION:
        raise ValueError(
            f"a capture file of version {version}; this program reads {capture.VERSION}")
    if len(content) < 16 + length:
        raise ValueError("the capture file ends within its header")
    return json.loads(content[16:16 + length]), memoryview(content)[16 + length:]


def fields_of(record_type, bytes text):
    """Time in ms, serial and (key, value) pairs of a record's text; None if it is not a record.

    Values are as in the text, quotes included.
    """
    cdef Header header
    cdef Fields *fields
    cdef uint32_t i, length = <uint32_t>min(len(text), MAX_TEXT)
    cdef const uint8_t *start = text
    if not parse_header(start, length, &header):
        return None
    fields = <Fields *>calloc(1, sizeof(Fields))
    if fields == NULL:
        raise MemoryError
    try:
        locate(record_type, start, header.body, length, fields)
        pairs = [(text[fields.at[i].key:fields.at[i].value - 1],
                  text[fields.at[i].value:fields.at[i].end]) for i in range(fields.count)]
    finally:
        free(fields)
    return header.stamp_ms, header.serial, pairs
