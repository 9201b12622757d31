# cython: auto_pickle=False, autotestdict=False
"""The workload `replay`: sends a recorded capture through an inherited socket, for consumers.

An operation is one record. Whole batches go with one sendmmsg, at full rate (the socket's buffer
holds the sender back if the consumer is slower, so nothing is lost) or at `--rate` records per
second; the histogram holds the mean of each batch, or with `--rate` each record's time from its
intended start to the end of its sendmmsg. The capture is repeated until `--ops` records are sent;
serials never repeat (see `parts/capture.pyx`), timestamps do. It needs no root and no kernel audit.
"""

import cython
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

from workloads.parts.tallies cimport SharedTallies, count_failure, gate, tally
from workloads.parts.buckets cimport record
from workloads.parts.clock cimport monotonic_ns
from workloads.parts.load cimport Load, share
from workloads.parts.pace cimport wait_until
from workloads.parts.capture cimport (
    FIRST_SERIAL,
    HEADER_BYTES,
    SERIAL_SPACE,
    LoadedCapture,
    datagram,
    write_serial,
)

import contextlib
import os
import select
import socket
import struct
import time

from workloads.errors import WorkloadError
from workloads.parts.capture import read_capture

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
    int poll(pollfd *, unsigned long, int)
    const short POLLOUT

cdef extern from "<sys/socket.h>" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len
    struct msghdr:
        iovec *msg_iov
        size_t msg_iovlen
    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    int sendmmsg(int, mmsghdr *, unsigned int, int)
    const int MSG_NOSIGNAL

BATCH_RECORDS = 64
SEND_BUFFER_BYTES = 4 << 20
MARKER_TYPE = 1111    # a user message, type 1100 to 1199
MARKER_PATIENCE_MS = 10_000

cdef enum:
    BATCH = 64
    POLL_MS = 100    # how often `stop` is checked while a non-blocking socket is full


cdef struct reel:
    int fd
    datagram *datagrams
    uint64_t records
    uint64_t serials
    uint64_t next          # of the capture, the next to send
    uint64_t round
    mmsghdr messages[BATCH]
    iovec parts[BATCH]


cdef uint64_t load(reel *what, uint64_t most) noexcept nogil:
    # Fills the batch with the next datagrams, at most to the capture's end; returns their number.
    cdef uint64_t count = min(min(most, <uint64_t>BATCH), what.records - what.next), i
    cdef datagram *one
    for i in range(count):
        one = &what.datagrams[what.next + i]
        if what.round and one.serial_at:
            write_serial(one.start + one.serial_at, one.serial + what.round * what.serials)
        what.parts[i].iov_base = one.start
        what.parts[i].iov_len = one.length
    return count


cdef void wind(reel *what, uint64_t sent) noexcept nogil:
    what.next += sent
    if what.next == what.records:
        what.next = 0
        what.round += 1


cdef int64_t send_batch(reel *what, uint64_t count, gate *entry, tally *mine) noexcept nogil:
    # The number sent; 0 if it was told to stop, -1 if the other end is gone.
    cdef pollfd full
    cdef int sent
    full.fd = what.fd
    full.events = POLLOUT
    while not entry.stop:
        sent = sendmmsg(what.fd, what.messages, <unsigned int>count, MSG_NOSIGNAL)
        if sent > 0:
            return sent
        if errno == EAGAIN:
            poll(&full, 1, POLL_MS)
        elif errno != EINTR:
            count_failure(mine, errno)
            return -1
    return 0


cdef void send_all(reel *what, gate *entry, tally *mine, uint64_t ops) noexcept nogil:
    cdef int64_t sent, now, before = monotonic_ns()
    mine.start_ns = before
    while mine.ops < ops:
        sent = send_batch(what, load(what, ops - mine.ops), entry, mine)
        if sent <= 0:
            break
        wind(what, <uint64_t>sent)
        now = monotonic_ns()
        record(&mine.latency, (now - before) // sent)
        before = now
        mine.ops += <uint64_t>sent
        mine.end_ns = now


cdef inline int64_t due_at(gate *entry, const share *part, uint64_t index) noexcept nogil:
    return entry.base_ns + <int64_t>(<double>index * part.period_ns)


cdef void send_paced(reel *what, gate *entry, tally *mine, const share *part) noexcept nogil:
    # Records that became due meanwhile go together: the rate holds however short its period.
    cdef int64_t now, sent, due, i
    cdef uint64_t ripe
    while mine.ops < part.ops:
        due = due_at(entry, part, mine.ops)
        now = wait_until(entry, due, &mine.spun_ns)
        if mine.ops == 0:
            mine.start_ns = now
        ripe = 1 + <uint64_t>(<double>(now - due) / part.period_ns) if now > due else 1
        sent = send_batch(what, load(what, min(ripe, part.ops - mine.ops)), entry, mine)
        if sent <= 0:
            break
        mine.behind_ns = max(mine.behind_ns, now - due)
        wind(what, <uint64_t>sent)
        now = monotonic_ns()
        for i in range(sent):
            record(&mine.latency, now - due_at(entry, part, mine.ops + <uint64_t>i))
        mine.ops += <uint64_t>sent
        mine.end_ns = now


@cython.final
cdef class Replay(Load):
    """Sends `loaded` to the socket `fd`, then `marker` as a user message if it is not empty."""

    cdef LoadedCapture loaded
    cdef str capture
    cdef str marker
    cdef reel what

    def __init__(self, loaded, capture, int fd, marker):
        cdef int i
        self.loaded = loaded
        self.capture = capture
        self.marker = marker
        self.batch = BATCH_RECORDS
        memset(&self.what, 0, sizeof(reel))
        self.what.fd = fd
        self.what.datagrams = self.loaded.datagrams
        self.what.records = <uint64_t>self.loaded.records
        self.what.serials = self.loaded.serials
        for i in range(BATCH):
            self.what.messages[i].msg_hdr.msg_iov = &self.what.parts[i]
            self.what.messages[i].msg_hdr.msg_iovlen = 1

    def planned_ops(self, wanted, default_ops) -> int:
        """The records to send; the capture once if no number was given."""
        return self.loaded.records if wanted is None else wanted

    cdef void perform(self, gate *entry, const share *part) noexcept nogil:
        if part.period_ns > 0:
            send_paced(&self.what, entry, self.mine, part)
        else:
            send_all(&self.what, entry, self.mine, part.ops)

    def run(self, SharedTallies shared, int worker, long long ops, double rate_per_s=0.0,
            long long busy_ns=0, long long burst=1) -> None:
        """Run like every load; the marker follows after all records, outside the timed section."""
        Load.run(self, shared, worker, ops, rate_per_s, busy_ns, burst)
        if self.marker and self.mine.ops == <uint64_t>ops:
            send_marker(self.what.fd, self.marker, self.next_serial())

    def next_serial(self) -> int:
        """A serial that no record sent so far had."""
        return FIRST_SERIAL + (self.what.round + 1) * self.what.serials % SERIAL_SPACE

    def details(self, done) -> dict[str, object]:
        """The capture and how often it was sent."""
        return {
            "capture": self.capture,
            "capture_records": self.loaded.records,
            "repeats": done / self.loaded.records,
            "marker": self.marker or None,
        }


def send_marker(fd: int, text: str, serial: int) -> None:
    """Send the user message that ends a stream; a reader that has ended is not an error here."""
    seconds, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
    record_text = (
        f"audit({seconds}.{milliseconds:03}:{serial}): pid={os.getpid()} uid=0 auid=0 ses=1 "
        f"msg='{text}'"
    ).encode()
    header = struct.pack("=IHHII", HEADER_BYTES + len(record_text), MARKER_TYPE, 0, 0, 0)
    waiting = select.poll()
    waiting.register(fd, select.POLLOUT)
    waiting.poll(MARKER_PATIENCE_MS)
    with contextlib.suppress(OSError):
        os.write(fd, header + record_text)


def build(options) -> Replay:
    """The workload with `--capture FILE`, `--fd N` and `--marker TEXT`."""
    loaded = open_tape(options.capture)
    enlarge_send_buffer(options.fd)
    return Replay(loaded, options.capture, options.fd, options.marker)


def open_tape(path: str) -> LoadedCapture:
    """The capture file at `path`, in memory."""
    if not path:
        raise WorkloadError("replay needs a recorded capture: give --capture FILE")
    try:
        with open(path, "rb") as capture:
            return LoadedCapture(read_capture(capture))
    except OSError as error:
        raise WorkloadError(
            f"{path} cannot be read ({error.strerror}): give a capture with --capture"
        ) from None
    except ValueError as error:
        raise WorkloadError(f"{path}: {error}: record it anew") from None


def enlarge_send_buffer(fd) -> None:
    """Enlarge the buffer, so that both ends wake each other less; check that `fd` is a socket."""
    if fd is None:
        raise WorkloadError("replay needs a socket that it inherits: give its number with --fd")
    try:
        # The descriptor stays the caller's: detach() keeps it open.
        borrowed = socket.socket(fileno=fd)
    except OSError as error:
        raise WorkloadError(
            f"descriptor {fd} is not a socket ({error.strerror}): pass one on to this process"
        ) from None
    with contextlib.suppress(OSError):
        borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    borrowed.detach()
