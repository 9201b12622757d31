"""The tie to the process that started this one."""

from libc.errno cimport errno

import os

cdef extern from "<sys/prctl.h>" nogil:
    enum:
        PR_SET_PDEATHSIG
    int prctl(int option, unsigned long argument)


def die_with_parent(int signal_number):
    """Have the kernel send this signal when the parent dies; OSError if it cannot."""
    if prctl(PR_SET_PDEATHSIG, <unsigned long>signal_number) != 0:
        raise OSError(errno, os.strerror(errno))
