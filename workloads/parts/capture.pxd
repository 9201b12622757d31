# A capture in memory, ready to be sent: consecutive datagrams, and the beginning of each.

from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef enum:
    SERIAL_DIGITS = 10
    HEADER_BYTES = 16


cdef struct datagram:
    uint8_t *start
    uint32_t length
    uint32_t serial_at      # offset of the ten digits; 0: it has no serial
    uint64_t serial         # counted from the capture's lowest


cdef class LoadedCapture:
    cdef uint8_t *memory
    cdef datagram *datagrams
    cdef readonly Py_ssize_t records
    cdef readonly unsigned long long serials    # from the lowest to the highest, both included
    cdef void fill(self, const uint8_t *frame) noexcept


# Serials that are sent have ten digits, like the kernel's after a billion events, so that the
# next round changes digits and moves nothing. After the highest u32 they start again.
cdef extern from *:
    """
    #define FIRST_SERIAL 1000000000ULL
    #define SERIAL_SPACE (4294967296ULL - FIRST_SERIAL)
    """
    const uint64_t FIRST_SERIAL
    const uint64_t SERIAL_SPACE


cdef inline void write_serial(uint8_t *digits, uint64_t counted) noexcept nogil:
    cdef uint64_t serial = FIRST_SERIAL + counted % SERIAL_SPACE
    cdef int place
    for place in range(SERIAL_DIGITS - 1, -1, -1):
        digits[place] = <uint8_t>(48 + serial % 10)
        serial //= 10
