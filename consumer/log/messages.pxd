"""Records of programs, and others with a user and little else, read as aureport reads them."""

from libc.stdint cimport uint8_t, uint32_t

from consumer.log.event cimport LogEvent
from consumer.log.rough cimport Walk
from consumer.log.sums cimport ValueSums


cdef class MessageFields(ValueSums):
    cdef int string(self, Walk *walk, const uint8_t *at, LogEvent *event, uint32_t kind,
                    const char *word, uint32_t length) noexcept nogil
    cdef int key(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef int login(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef bint other_user(self, const Walk *walk, LogEvent *event) noexcept nogil
    cdef const uint8_t *need_uid(self, const Walk *walk, LogEvent *event, const uint8_t *at,
                                 bint required) noexcept nogil
    cdef void take_message(self, Walk *walk, LogEvent *event, bint avc) noexcept nogil
    cdef void bare_exe(self, Walk *walk, LogEvent *event, const uint8_t *value) noexcept nogil
    cdef uint32_t take_host(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef uint32_t message_ends(self, Walk *walk, const uint8_t *at) noexcept nogil
    cdef void take_simple(self, Walk *walk, LogEvent *event, bint is_change) noexcept nogil
    cdef void take_login(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_daemon(self, Walk *walk, LogEvent *event, bint connection) noexcept nogil
