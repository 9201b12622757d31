# cython: auto_pickle=False, autotestdict=False
"""Kernel attributes of a worker process: the parent whose death ends it, its network namespace.

The prctl(2) and setns(2) calls that Python 3.11 lacks, and the signal handler that ends the
whole load; everything raises OSError.
"""

from libc.errno cimport errno
from libc.signal cimport SIGKILL, SIGTERM
from posix.signal cimport kill, sigaction, sigaction_t, sigemptyset
from posix.unistd cimport getppid

import os

cdef extern from "<sys/prctl.h>" nogil:
    int prctl(int, ...)
    const int PR_SET_PDEATHSIG
    const int PR_SET_CHILD_SUBREAPER
    const int PR_SET_TIMERSLACK

cdef extern from "<sched.h>" nogil:
    int setns(int, int)
    const int CLONE_NEWNET


cdef void end_the_group(int signum) noexcept nogil:
    # Async-signal-safe. The workers and what they spawned are one process group, so nothing
    # that this process has just forked can slip through.
    kill(0, SIGKILL)


cdef void check(int result, str what) except *:
    if result < 0:
        raise OSError(errno, f"{what}: {os.strerror(errno)}")


def follow_parent_in_death(int parent) -> None:
    """End this process's whole group when its parent, which must be `parent`, dies.

    The group must be the load's own. SIGTERM does the same, also while no Python code runs.
    """
    cdef sigaction_t action
    action.sa_handler = end_the_group
    action.sa_flags = 0
    sigemptyset(&action.sa_mask)
    check(sigaction(SIGTERM, &action, NULL), "sigaction")
    check(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if getppid() != parent:  # it died before the prctl took effect
        kill(0, SIGKILL)


def follow_caller_in_death() -> None:
    """Have SIGTERM sent to this process when the thread that started it ends."""
    check(prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


def adopt_orphans() -> None:
    """Make descendants whose parent ends children of this process, so that it can end them."""
    check(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def sharpen_timers() -> None:
    """Set the timer slack, by which the kernel may prolong sleeps (50 us), to 1 ns."""
    check(prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0), "prctl(PR_SET_TIMERSLACK)")


def enter_network_namespace(int namespace_fd) -> None:
    """Move this process and its future children into the namespace of `namespace_fd`."""
    check(setns(namespace_fd, CLONE_NEWNET), "setns")
