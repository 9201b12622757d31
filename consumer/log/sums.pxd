"""Sums by value of each kind, and setting the values of an event."""

from libc.stdint cimport uint8_t, uint32_t

from consumer.record.fields cimport MAX_TEXT
from consumer.log.event cimport KINDS, LogEvent
from consumer.log.values cimport Values


cdef class ValueSums:
    cdef Values kinds[KINDS]
    cdef uint32_t wanted           # one bit per kind
    cdef readonly bint as_aureport # leave out the events that aureport leaves out
    cdef uint8_t scratch[MAX_TEXT]
    cdef uint8_t joined[MAX_TEXT]

    cdef uint32_t number(self, uint32_t kind, const void *bytes, uint32_t length) noexcept nogil
    cdef bint decoded_key(self, LogEvent *event, const uint8_t *value,
                          const uint8_t *end) noexcept nogil
    cdef bint set_chosen(self, LogEvent *event, uint32_t kind, const uint8_t *value,
                         const uint8_t *end) noexcept nogil
    cdef void set_call(self, LogEvent *event, uint32_t arch, uint32_t number) noexcept nogil
    cdef void set_user(self, LogEvent *event, uint32_t kind, uint32_t user) noexcept nogil
    cdef void set_host(self, LogEvent *event, const uint8_t *value,
                       const uint8_t *stop) noexcept nogil
    cdef void add_key(self, LogEvent *event, const uint8_t *key, uint32_t length) noexcept nogil
    cdef void count(self, LogEvent *event) noexcept nogil
    cdef void count_shape(self, const LogEvent *event) noexcept nogil
