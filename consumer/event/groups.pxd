"""Sums of events per audit session and for one process tree, in preallocated tables."""

from libc.stdint cimport int32_t, uint32_t, uint64_t

cdef enum:
    GROUP_SLOTS = 4096   # sessions; three quarters are filled at most
    CELL_SLOTS = 32768   # (group, system call) and (group, record type) pairs
    NO_GROUP = 0xFFFFFFFF
    KIND_SYSCALL = 1
    KIND_OTHER = 2


cdef struct Group:
    bint used
    uint32_t session
    uint64_t complete
    uint64_t partial
    uint64_t records
    uint64_t bytes
    uint64_t missing_records
    uint64_t after_marker    # events that began after the last sync marker


cdef struct Cell:
    uint32_t kind       # 0: the slot is free
    uint32_t group
    uint32_t arch
    int32_t number      # of the system call, or the record type
    uint64_t complete
    uint64_t partial
    uint64_t records
    uint64_t complete_by_auxiliary[4]  # events with 0, 1, 2, 3 or more auxiliary records
    uint64_t partial_by_auxiliary[4]


cdef struct Outcome:
    uint32_t kind
    uint32_t arch
    int32_t number
    uint32_t complete
    uint32_t auxiliary
    uint32_t missing_records
    uint32_t after_marker
    uint32_t records
    uint32_t bytes


cdef class Groups:
    cdef Group *groups
    cdef Cell *cells
    cdef uint32_t group_count
    cdef uint32_t cell_count
    cdef uint32_t last_group
    cdef uint32_t last_cell
    cdef uint64_t overflowed
    cdef uint32_t tree_group(self) noexcept nogil
    cdef uint32_t session_group(self, uint32_t session) noexcept nogil
    cdef Cell *cell(self, uint32_t group, uint32_t kind, uint32_t arch,
                    int32_t number) noexcept nogil
    cdef void count(self, uint32_t group, const Outcome *outcome) noexcept nogil
    cdef void count_late(self, uint32_t group, const Outcome *outcome) noexcept nogil
    cdef void begin_span(self) noexcept nogil
    cdef void clear(self) noexcept nogil
    cdef dict sums(self, uint32_t slot)
