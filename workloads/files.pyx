# cython: auto_pickle=False, autotestdict=False
"""The workload `files`: opens and closes an existing file, creates and removes another.

One operation is openat, close, openat (creating), close, unlinkat, in each worker's own private
directory under TMPDIR. Nothing is read or written, so the disk is not measured.
"""

import cython
from libc.errno cimport errno
from posix.fcntl cimport O_CREAT, O_EXCL, O_RDONLY, O_WRONLY
from posix.unistd cimport close

from workloads.parts.tallies cimport SharedTallies
from workloads.parts.load cimport Load
from workloads.running.scratch import Scratch

cdef extern from "<fcntl.h>" nogil:
    int openat(int, const char *, int, ...)
    const int AT_FDCWD
    const int O_CLOEXEC

cdef extern from "<unistd.h>" nogil:
    int unlinkat(int, const char *, int)


cdef struct paths:
    char *existing
    char *passing


cdef int open_and_close(const char *path, int flags) noexcept nogil:
    cdef int fd = openat(AT_FDCWD, path, flags | O_CLOEXEC, 0o600)
    if fd < 0:
        return errno
    return 0 if close(fd) == 0 else errno


cdef int visit_files(void *state) noexcept nogil:
    cdef paths *what = <paths *>state
    cdef int error = open_and_close(what.existing, O_RDONLY)
    if error == 0:
        error = open_and_close(what.passing, O_WRONLY | O_CREAT | O_EXCL)
    if error == 0 and unlinkat(AT_FDCWD, what.passing, 0) < 0:
        error = errno
    return error


@cython.final
cdef class Files(Load):
    """Works in the worker's own directory of `scratch`."""

    cdef object scratch
    cdef bytes existing, passing
    cdef paths what

    def __init__(self, scratch):
        self.scratch = scratch
        self.operation = visit_files
        self.state = &self.what

    def prepare(self, SharedTallies shared, int worker) -> None:
        """Choose the paths, which were made before the session began."""
        Load.prepare(self, shared, worker)
        self.existing, self.passing = self.scratch.paths(worker)
        self.what.existing = self.existing
        self.what.passing = self.passing

    def clean_up(self) -> None:
        """Remove the directories."""
        self.scratch.remove()

    def details(self, done) -> dict[str, object]:
        """The folder of the files."""
        return {"directory": self.scratch.root}


def build(options) -> Files:
    """The workload; it has no options of its own."""
    return Files(Scratch(options.workers))
