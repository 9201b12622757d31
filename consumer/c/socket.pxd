"""sys/socket.h: the declarations needed to receive many datagrams in one call."""

cdef extern from "<sys/uio.h>" nogil:
    struct iovec:
        void *iov_base
        size_t iov_len

cdef extern from "<sys/socket.h>" nogil:
    ctypedef unsigned int socklen_t

    struct msghdr:
        void *msg_name
        socklen_t msg_namelen
        iovec *msg_iov
        size_t msg_iovlen
        void *msg_control
        size_t msg_controllen
        int msg_flags

    struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len

    enum:
        MSG_DONTWAIT
        MSG_TRUNC
        SOL_SOCKET

    int recvmmsg(int fd, mmsghdr *vector, unsigned int length, int flags, void *timeout)
    int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
