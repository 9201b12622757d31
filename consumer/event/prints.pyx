"""Fingerprints of records that may repeat within an event, so that duplicates are recognised.

The first fingerprint of an event is in the event; further ones (a command line of 2 MiB makes
560 records) are in blocks of one preallocated pool. If the pool is empty, or the event has
BLOCKS_PER_EVENT blocks, the fingerprint is not kept: a duplicate of that record would count as a
record. `untold` counts these.
"""

import cython
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free


@cython.final
cdef class Prints:
    """A pool of PRINT_BLOCKS blocks, chained through their `older` links."""

    def __cinit__(self):
        cdef uint32_t i
        self.blocks = <PrintBlock *>calloc(PRINT_BLOCKS, sizeof(PrintBlock))
        if self.blocks == NULL:
            raise MemoryError
        for i in range(PRINT_BLOCKS):
            self.blocks[i].older = i
        self.free_block = PRINT_BLOCKS

    def __dealloc__(self):
        free(self.blocks)

    cdef bint knows(self, const Event *event, uint64_t fingerprint) noexcept nogil:
        cdef uint32_t block = event.prints, used = event.prints_used, i
        if event.has_print and event.first_print == fingerprint:
            return True
        while block:
            for i in range(used):
                if self.blocks[block - 1].prints[i] == fingerprint:
                    return True
            block = self.blocks[block - 1].older
            used = PRINTS_PER_BLOCK
        return False

    cdef void keep(self, Event *event, uint64_t fingerprint) noexcept nogil:
        cdef uint32_t block, number
        if not event.has_print:
            event.has_print = True
            event.first_print = fingerprint
            return
        if event.prints == 0 or event.prints_used == PRINTS_PER_BLOCK:
            number = self.blocks[event.prints - 1].number + 1 if event.prints else 1
            block = self.free_block
            if block == 0 or number > BLOCKS_PER_EVENT:
                self.untold += 1
                return
            self.free_block = self.blocks[block - 1].older
            self.blocks[block - 1].older = event.prints
            self.blocks[block - 1].number = number
            event.prints = block
            event.prints_used = 0
        self.blocks[event.prints - 1].prints[event.prints_used] = fingerprint
        event.prints_used += 1

    cdef void drop(self, Event *event) noexcept nogil:
        """Give the event's blocks back to the pool."""
        cdef uint32_t block
        while event.prints:
            block = event.prints
            event.prints = self.blocks[block - 1].older
            self.blocks[block - 1].older = self.free_block
            self.free_block = block
        event.prints_used = 0
