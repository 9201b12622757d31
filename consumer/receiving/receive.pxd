"""The receive loop."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from consumer.c.netlink cimport sockaddr_nl
from consumer.c.poll cimport pollfd
from consumer.c.socket cimport iovec, mmsghdr
from consumer.receiving.pipeline cimport Pipeline

cdef enum:
    SLOT_BYTES = 16400    # a header and MAX_TEXT of text
    SLOT_STRIDE = 16832   # not a multiple of 4096, or all slots would share cache sets
    WATCHED = 3


cdef class Receiver:
    cdef int fd
    cdef unsigned int batch
    cdef bint check_senders
    cdef bint empty_ends
    cdef readonly Pipeline pipeline
    cdef uint8_t *slots
    cdef mmsghdr *messages
    cdef iovec *vectors
    cdef sockaddr_nl *senders
    cdef pollfd watched[WATCHED]
    cdef int watched_count
    cdef int64_t rest_ns
    cdef int64_t look_again_ns
    cdef readonly uint64_t batches
    cdef readonly uint64_t enobufs
    cdef readonly uint64_t high_bytes
    cdef readonly uint64_t wakeups
    cdef readonly int error
    cdef int taken           # datagrams of the last batch

    cdef int turn(self, int64_t deadline_ns, uint64_t limit, bint until_empty) noexcept nogil
    cdef int judge_error(self) noexcept nogil
    cdef int receive_batch(self, uint64_t limit, int64_t now_ns) noexcept nogil
    cdef int wait(self, int64_t now_ns, int64_t deadline_ns) noexcept nogil
    cdef int rest(self) noexcept nogil
    cdef bint controlled(self) noexcept nogil
    cdef void sample_memory(self) noexcept nogil
