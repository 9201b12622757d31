"""The receive loop: many datagrams per call, without the GIL, until something needs a decision.

After a batch that emptied the socket it rests for up to a millisecond, so that records gather in
the socket buffer instead of waking this process one by one; the rest is short enough that a
kernel delivering at full rate fills only a part of the buffer. Only the sender's address is
interpreted here; the pipeline interprets the datagrams.
"""

import cython
from libc.errno cimport EAGAIN, ECONNRESET, EINTR, ENOBUFS, errno
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from consumer.c.netlink cimport sockaddr_nl
from consumer.c.poll cimport POLLIN, ppoll
from consumer.c.socket cimport (
    MSG_DONTWAIT,
    MSG_TRUNC,
    SOL_SOCKET,
    getsockopt,
    iovec,
    mmsghdr,
    recvmmsg,
    socklen_t,
)
from consumer.receiving.pipeline cimport HEADER_BYTES, Pipeline
from consumer.record.types cimport is_record

cdef enum:
    SO_MEMINFO = 55           # asm-generic/socket.h; libc headers before 2.26 lack it
    LOOK_EVERY_NS = 2000000   # how often commands, signals and the deadline are checked
    REST_NS = 1000000
    FILL_BYTES_PER_S = 8000000000  # no kernel fills a socket buffer faster than an eighth of this

# Why the loop returned.
CONTROL = 1    # a watched descriptor can be read
MARKER = 2     # a sync marker came
DEADLINE = 3
END = 4        # the sender closed (mode fd)
FAILED = 5     # see `error`
LIMIT = 6      # as many records as wanted
BATCH = 7      # one batch was taken, as wanted
EMPTY = 8      # the socket buffer is empty, as wanted

cdef enum:
    BECAUSE_CONTROL = 1
    BECAUSE_MARKER = 2
    BECAUSE_DEADLINE = 3
    BECAUSE_END = 4
    BECAUSE_FAILED = 5
    BECAUSE_LIMIT = 6
    BECAUSE_BATCH = 7
    BECAUSE_EMPTY = 8


cdef inline int64_t monotonic_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec


@cython.final
cdef class Receiver:
    """Receives from `fd` into `pipeline`, up to `batch` datagrams per call.

    `control_fds` (at most two) end the loop when they can be read. With `check_senders` only
    datagrams from the kernel are taken, which costs a seventh of all; `empty_ends` means that an
    empty datagram, or NLMSG_DONE, is the end. `rcvbuf_bytes` sets how long the loop may rest.
    """

    def __cinit__(self, int fd, Pipeline pipeline not None, *, unsigned int batch=64,
                  control_fds=(), bint check_senders=False, bint empty_ends=False,
                  int64_t rcvbuf_bytes=0):
        self.fd = fd
        self.pipeline = pipeline
        self.batch = batch
        self.check_senders = check_senders
        self.empty_ends = empty_ends
        self.slots = <uint8_t *>calloc(batch, SLOT_STRIDE)
        self.messages = <mmsghdr *>calloc(batch, sizeof(mmsghdr))
        self.vectors = <iovec *>calloc(batch, sizeof(iovec))
        self.senders = <sockaddr_nl *>calloc(batch, sizeof(sockaddr_nl))
        if (self.slots == NULL or self.messages == NULL or self.vectors == NULL
                or self.senders == NULL):
            raise MemoryError
        self.point_slots()
        self.watched_count = 1 + len(control_fds)
        for i, watched in enumerate((fd, *control_fds)):
            self.watched[i].fd = watched
            self.watched[i].events = POLLIN
        self.rest_ns = min(REST_NS, rcvbuf_bytes * 1000000000 // FILL_BYTES_PER_S)
        if self.rest_ns < 100000:
            self.rest_ns = 0

    def __dealloc__(self):
        free(self.slots)
        free(self.messages)
        free(self.vectors)
        free(self.senders)

    def point_slots(self):
        """Set once where the kernel puts each datagram."""
        cdef unsigned int i
        for i in range(self.batch):
            self.vectors[i].iov_base = self.slots + <size_t>i * SLOT_STRIDE
            self.vectors[i].iov_len = SLOT_BYTES
            self.messages[i].msg_hdr.msg_iov = &self.vectors[i]
            self.messages[i].msg_hdr.msg_iovlen = 1
            if self.check_senders:
                self.messages[i].msg_hdr.msg_name = &self.senders[i]
                self.messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_nl)

    def run(self, *, int64_t deadline_ns=0, uint64_t limit=0, bint one_batch=False,
            bint until_empty=False):
        """Receive until there is a reason to stop, and return it.

        `deadline_ns` is on the monotonic clock, 0 for none; `limit` the highest number of records
        of the whole run, 0 for none.
        """
        cdef int reason = 0
        with nogil:
            while reason == 0:
                reason = self.turn(deadline_ns, limit, until_empty)
                if reason == 0 and one_batch:
                    reason = BECAUSE_BATCH
        return reason

    cdef int turn(self, int64_t deadline_ns, uint64_t limit, bint until_empty) noexcept nogil:
        """Take one batch, and wait if the socket is empty; 0 to continue."""
        cdef int64_t now_ns = monotonic_ns()
        cdef uint32_t markers = self.pipeline.marker_count
        cdef int received
        if now_ns >= self.look_again_ns:
            self.look_again_ns = now_ns + LOOK_EVERY_NS
            self.sample_memory()
            if not until_empty and self.controlled():
                return BECAUSE_CONTROL
        if deadline_ns and now_ns >= deadline_ns:
            return BECAUSE_DEADLINE
        if limit and self.pipeline.records >= limit:
            return BECAUSE_LIMIT
        received = self.receive_batch(limit, now_ns)
        if received < 0:
            return BECAUSE_FAILED if self.error else BECAUSE_END
        if self.pipeline.marker_count != markers:
            return BECAUSE_MARKER
        if received == 0:
            return BECAUSE_EMPTY if until_empty else self.wait(now_ns, deadline_ns)
        if <unsigned int>received < self.batch and self.rest_ns and not until_empty:
            return self.rest()
        return 0

    cdef int receive_batch(self, uint64_t limit, int64_t now_ns) noexcept nogil:
        """Receive up to a batch; 0 if there is nothing, -1 at the end or on error."""
        cdef unsigned int wanted = self.batch
        cdef int received, i
        cdef mmsghdr *message
        if limit and limit - self.pipeline.records < wanted:
            wanted = <unsigned int>(limit - self.pipeline.records)
        received = recvmmsg(self.fd, self.messages, wanted, MSG_DONTWAIT, NULL)
        self.taken = 0
        if received < 0:
            return self.judge_error()
        self.batches += 1
        self.taken = received
        for i in range(received):
            message = &self.messages[i]
            if self.check_senders and self.senders[i].nl_pid != 0:
                self.pipeline.malformed += 1
                continue
            if self.empty_ends and message.msg_len == 0:
                return -1
            self.pipeline.feed(<const uint8_t *>self.vectors[i].iov_base, message.msg_len,
                               message.msg_hdr.msg_flags & MSG_TRUNC != 0, <uint64_t>now_ns)
        if self.empty_ends and self.pipeline.done:
            return -1
        return received

    cdef int judge_error(self) noexcept nogil:
        if errno == EAGAIN or errno == EINTR:
            return 0
        if errno == ENOBUFS:
            self.enobufs += 1
            return 1
        if errno == ECONNRESET and self.empty_ends:
            return -1
        self.error = errno
        return -1

    cdef int wait(self, int64_t now_ns, int64_t deadline_ns) noexcept nogil:
        """Sleep until a descriptor can be read or the deadline comes."""
        cdef timespec timeout
        cdef int64_t left_ns = deadline_ns - now_ns
        cdef int i, ready
        self.wakeups += 1
        timeout.tv_sec = left_ns // 1000000000
        timeout.tv_nsec = left_ns % 1000000000
        ready = ppoll(self.watched, self.watched_count, &timeout if deadline_ns else NULL, NULL)
        if ready <= 0:
            return 0
        for i in range(1, self.watched_count):
            if self.watched[i].revents:
                return BECAUSE_CONTROL
        return 0

    cdef int rest(self) noexcept nogil:
        """Let records gather, unless a command or a signal comes."""
        cdef timespec timeout
        timeout.tv_sec = 0
        timeout.tv_nsec = self.rest_ns
        self.wakeups += 1
        if ppoll(self.watched + 1, self.watched_count - 1, &timeout, NULL) > 0:
            return BECAUSE_CONTROL
        return 0

    cdef bint controlled(self) noexcept nogil:
        cdef timespec timeout
        memset(&timeout, 0, sizeof(timeout))
        return ppoll(self.watched + 1, self.watched_count - 1, &timeout, NULL) > 0

    cdef void sample_memory(self) noexcept nogil:
        cdef uint32_t values[9]
        cdef socklen_t length = sizeof(values)
        if getsockopt(self.fd, SOL_SOCKET, SO_MEMINFO, values, &length) == 0:
            if values[0] > self.high_bytes:
                self.high_bytes = values[0]

    def socket_drops(self):
        """The socket's drop counter; for the registered daemon it counts attempts, not records."""
        cdef uint32_t values[9]
        cdef socklen_t length = sizeof(values)
        if getsockopt(self.fd, SOL_SOCKET, SO_MEMINFO, values, &length) != 0:
            return 0
        return values[8]

    def batch_records(self):
        """Type and text of the records of the last batch, copied; allocates, for --follow."""
        cdef int i
        cdef uint16_t message_type
        records = []
        for i in range(self.taken):
            datagram = self.slots + <size_t>i * SLOT_STRIDE
            if self.messages[i].msg_len < HEADER_BYTES or (
                    self.check_senders and self.senders[i].nl_pid != 0):
                continue
            memcpy(&message_type, datagram + 4, 2)
            if is_record(message_type):
                records.append((message_type,
                                (<char *>datagram)[HEADER_BYTES:self.messages[i].msg_len]))
        self.taken = 0
        return records
