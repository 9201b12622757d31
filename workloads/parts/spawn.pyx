# cython: auto_pickle=False, autotestdict=False
"""A program as posix_spawn needs it: path, argument and environment vectors in C memory.

The spawning itself is in `spawn.pxd`, inlined into the workloads that do it.
"""

import cython

from cpython.mem cimport PyMem_Free, PyMem_Malloc


cdef char **vector_of(list words) except NULL:
    cdef char **vector = <char **>PyMem_Malloc((len(words) + 1) * sizeof(char *))
    cdef Py_ssize_t i
    if vector == NULL:
        raise MemoryError()
    for i in range(len(words)):
        vector[i] = <char *>(<bytes>words[i])
    vector[len(words)] = NULL
    return vector


@cython.final
cdef class Program:
    """`path` with `arguments` (its name first) and `environment` (NAME=value)."""

    def __cinit__(self, bytes path, list arguments, list environment):
        self.kept = [path, list(arguments), list(environment)]
        self.what.path = <char *>path
        self.what.argv = vector_of(self.kept[1])
        self.what.envp = vector_of(self.kept[2])

    def __dealloc__(self):
        PyMem_Free(self.what.argv)
        PyMem_Free(self.what.envp)
