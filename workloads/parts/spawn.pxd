# posix_spawn of one program and the wait for its end.

from libc.errno cimport EINTR, errno
from libc.stdint cimport uint64_t
from posix.types cimport pid_t
from posix.wait cimport WEXITSTATUS, WIFSIGNALED, WTERMSIG, waitpid

from workloads.parts.buckets cimport add_shared

cdef extern from "<spawn.h>" nogil:
    int posix_spawn(pid_t *, const char *, const void *, const void *, char **, char **)


cdef struct program:
    char *path
    char **argv
    char **envp
    uint64_t *statuses    # the worker's own counts of exit statuses that are not 0


cdef inline int spawn_and_wait(const program *what) noexcept nogil:
    # The errno of the spawn or the wait; an exit status is counted and is not a failure.
    cdef pid_t pid
    cdef int status
    cdef int error = posix_spawn(&pid, what.path, NULL, NULL, what.argv, what.envp)
    if error != 0:
        return error
    while waitpid(pid, &status, 0) < 0:
        if errno != EINTR:
            return errno
    if status != 0:
        add_shared(&what.statuses[256 + WTERMSIG(status) if WIFSIGNALED(status)
                                  else WEXITSTATUS(status)], 1)
    return 0


cdef class Program:
    cdef program what
    cdef list kept        # the bytes objects that the pointers point into
