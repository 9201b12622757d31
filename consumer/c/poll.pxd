"""poll.h: waiting for several descriptors with a timeout in nanoseconds."""

from posix.time cimport timespec

cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents

    enum:
        POLLIN
        POLLERR
        POLLHUP

    int ppoll(pollfd *fds, unsigned long count, const timespec *timeout, const void *sigmask)
