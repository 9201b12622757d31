# cython: auto_pickle=False, autotestdict=False
"""The target of datagrams as a C address; sending them is inlined from `datagram.pxd`."""

import cython

from libc.string cimport memcpy, memset

cdef extern from "<arpa/inet.h>" nogil:
    ctypedef unsigned short in_port_t
    int inet_pton(int, const char *, void *)
    in_port_t htons(in_port_t)
    const int AF_INET
    const int AF_INET6

cdef extern from "<netinet/in.h>" nogil:
    struct in_addr:
        pass
    struct in6_addr:
        pass
    struct sockaddr_in:
        unsigned short sin_family
        in_port_t sin_port
        in_addr sin_addr
    struct sockaddr_in6:
        unsigned short sin6_family
        in_port_t sin6_port
        in6_addr sin6_addr
        unsigned int sin6_scope_id


@cython.final
cdef class Target:
    """A UDP address and the device to reach it by (empty: any). Raises ValueError."""

    def __cinit__(self, str address, int port, str device="", int scope=0, bint shut_down=False):
        cdef bytes text = address.encode(), name = device.encode()
        cdef sockaddr_in *four = <sockaddr_in *>&self.where.address
        cdef sockaddr_in6 *six = <sockaddr_in6 *>&self.where.address
        memset(&self.where, 0, sizeof(self.where))
        if len(name) >= DEVICE_NAME_BYTES:
            raise ValueError(f"{device} is too long for an interface's name")
        memcpy(self.where.device, <const char *>name, len(name))
        self.where.device_bytes = <unsigned int>len(name)
        self.where.shut_down = shut_down
        if inet_pton(AF_INET, text, &four.sin_addr) == 1:
            four.sin_family = self.where.family = AF_INET
            four.sin_port = htons(<in_port_t>port)
            self.where.address_bytes = sizeof(sockaddr_in)
        elif inet_pton(AF_INET6, text, &six.sin6_addr) == 1:
            six.sin6_family = self.where.family = AF_INET6
            six.sin6_port = htons(<in_port_t>port)
            six.sin6_scope_id = <unsigned int>scope
            self.where.address_bytes = sizeof(sockaddr_in6)
        else:
            raise ValueError(f"{address} is not an IP address")
