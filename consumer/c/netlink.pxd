"""linux/netlink.h: the address of a sender."""

from libc.stdint cimport uint32_t

cdef extern from "<linux/netlink.h>" nogil:
    struct sockaddr_nl:
        unsigned short nl_family
        unsigned short nl_pad
        uint32_t nl_pid
        uint32_t nl_groups
