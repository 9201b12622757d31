"""The values to be counted, from the records of an audit.log."""

from libc.stdint cimport uint8_t, uint32_t

from consumer.record.fields cimport Fields
from consumer.log.event cimport LogEvent
from consumer.log.kernel cimport KernelFields


cdef class LogFields(KernelFields):
    cdef Fields fields

    cdef void take(self, LogEvent *event, int record_type, const uint8_t *text, uint32_t body,
                   uint32_t length) noexcept nogil
    cdef bint take_in_order(self, LogEvent *event, const uint8_t *text, uint32_t body,
                            uint32_t length) noexcept nogil
