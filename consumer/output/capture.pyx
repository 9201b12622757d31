"""Datagrams kept in a capture file; docs/capture.md describes the format.

The writer repairs nlmsg_len, which is wrong in datagrams sent to the registered daemon. Reading is
in `parse`.
"""

import cython
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from consumer.output.outfile cimport OutFile

import json
import struct

MAGIC = b"AUDITCAP"
VERSION = 1


@cython.final
cdef class CaptureWriter:
    """Writes to `path`, which is created or truncated; `metadata` goes into the header."""

    def __cinit__(self, path, metadata):
        self.out = OutFile(path)
        header = json.dumps(metadata).encode()
        self.out.write(MAGIC + struct.pack("<II", VERSION, len(header)) + header)

    cdef void put_datagram(self, uint64_t now_ns, const uint8_t *datagram,
                           uint32_t length) noexcept nogil:
        cdef uint8_t *frame = self.out.room(12 + length)
        cdef uint64_t delta_ns
        if not self.started:
            self.started = True
            self.first_ns = now_ns
        delta_ns = now_ns - self.first_ns
        memcpy(frame, &length, 4)
        memcpy(frame + 4, &delta_ns, 8)
        memcpy(frame + 12, datagram, length)
        memcpy(frame + 12, &length, 4)  # nlmsg_len
        self.out.used += 12 + length
