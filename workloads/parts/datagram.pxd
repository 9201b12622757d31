# One UDP conversation: socket, connect, send, close.

from libc.errno cimport errno
from posix.unistd cimport close

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t
    struct sockaddr:
        pass
    struct sockaddr_storage:
        pass
    const int SOCK_DGRAM
    const int SOCK_CLOEXEC
    const int SOL_SOCKET
    const int SO_BINDTODEVICE
    const int SHUT_WR
    int socket(int, int, int)
    int setsockopt(int, int, int, const void *, socklen_t)
    int connect(int, const sockaddr *, socklen_t)
    ssize_t send(int, const void *, size_t, int)
    int shutdown(int, int)

cdef enum:
    DEVICE_NAME_BYTES = 16


cdef struct target:
    int family
    socklen_t address_bytes
    sockaddr_storage address
    char device[DEVICE_NAME_BYTES]
    socklen_t device_bytes       # 0: any
    int shut_down                # the old osquery script did that before the close


cdef inline int talk(int fd, const target *where) noexcept nogil:
    if where.device_bytes and setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, where.device,
                                         where.device_bytes) < 0:
        return errno
    if connect(fd, <const sockaddr *>&where.address, where.address_bytes) < 0:
        return errno
    if send(fd, b"hello", 5, 0) < 0:
        return errno
    if where.shut_down and shutdown(fd, SHUT_WR) < 0:
        return errno
    return 0


cdef inline int send_datagram(const target *where) noexcept nogil:
    # The errno of the first call that failed; the socket is closed in any case.
    cdef int error
    cdef int fd = socket(where.family, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    if fd < 0:
        return errno
    error = talk(fd, where)
    close(fd)
    return error


cdef class Target:
    cdef target where
