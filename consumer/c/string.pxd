"""string.h: the searches that Cython's own declarations lack."""

cdef extern from "<string.h>" nogil:
    const void *memmem(const void *haystack, size_t length, const void *needle,
                       size_t needle_length)
    const void *memrchr(const void *bytes, int byte, size_t length)
