"""How many events and records each tenth of a second of a log has."""

from libc.stdint cimport uint32_t, uint64_t


cdef struct Tenth:
    uint64_t number       # tenths of a second since 1970
    uint32_t events
    uint32_t records


cdef class LogTenths:
    cdef readonly bint wanted
    cdef readonly uint64_t left_out  # records for which there was no memory
    cdef Tenth *tenths               # in order of arrival: one tenth may stand there twice
    cdef uint64_t used
    cdef uint64_t room

    cdef void add(self, uint64_t stamp_ms, bint begun) noexcept nogil
    cdef bint grow(self) noexcept nogil
