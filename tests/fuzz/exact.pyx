"""Feeds datagrams from blocks of exactly their size, so that AddressSanitizer sees any read beyond."""

from libc.stdint cimport uint8_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from consumer.record.fields cimport MAX_TEXT
from consumer.receiving.pipeline cimport HEADER_BYTES, Pipeline


def feed_exact(Pipeline pipeline not None, list stream not None):
    """Feed datagrams, cut as the receive loop cuts them."""
    cdef size_t length, taken
    cdef uint8_t *block
    cdef const char *start
    cdef bytes one
    for one in stream:
        length = len(one)
        taken = min(length, <size_t>(HEADER_BYTES + MAX_TEXT))
        start = one
        block = <uint8_t *>malloc(taken)
        if block == NULL:
            raise MemoryError
        memcpy(block, start, taken)
        pipeline.feed(block, <unsigned int>taken, taken != length, 0)
        free(block)


def read_beyond(bytes one not None):
    """Read one byte behind a block: proves that the sanitizer is at work."""
    cdef size_t length = len(one)
    cdef uint8_t *block = <uint8_t *>malloc(length)
    cdef const char *start = one
    cdef int found
    memcpy(block, start, length)
    found = block[length]
    free(block)
    return found
