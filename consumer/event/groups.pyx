"""Sums of events per audit session and for one process tree, in preallocated tables.

Nothing is allocated after construction. A session or system call for which a table has no room is
counted only in `overflowed` and in the totals of the assembler.
"""

import cython
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset


cdef uint64_t missing_auxiliary(const Cell *cell) noexcept nogil:
    """The number of auxiliary records that the cell's events lack, if nearly all its complete
    ones have the same number of them; else 0.

    BPRM_FCAPS comes with every execve of a process whose capabilities cause it, and with none of
    others; no record shows which it is, but the other events of the same call and session do.
    """
    cdef uint32_t usual = 0, i
    cdef uint64_t missing = 0
    for i in range(1, 4):
        if cell.complete_by_auxiliary[i] > cell.complete_by_auxiliary[usual]:
            usual = i
    if usual == 3 or cell.complete_by_auxiliary[usual] * 10 < cell.complete * 9:
        return 0
    for i in range(usual):
        missing += (usual - i) * (cell.complete_by_auxiliary[i] + cell.partial_by_auxiliary[i])
    return missing


@cython.final
cdef class Groups:
    """Open addressing without deletion; slot GROUP_SLOTS is the tree's."""

    def __cinit__(self):
        self.groups = <Group *>calloc(GROUP_SLOTS + 1, sizeof(Group))
        self.cells = <Cell *>calloc(CELL_SLOTS, sizeof(Cell))
        if self.groups == NULL or self.cells == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.groups)
        free(self.cells)

    cdef uint32_t tree_group(self) noexcept nogil:
        return GROUP_SLOTS

    cdef uint32_t session_group(self, uint32_t session) noexcept nogil:
        """The slot of a session, taken if it is new; NO_GROUP if the table is full."""
        cdef uint32_t slot = self.last_group
        if self.groups[slot].used and self.groups[slot].session == session:
            return slot
        slot = (session * 2654435761u) % GROUP_SLOTS
        while self.groups[slot].used and self.groups[slot].session != session:
            slot = (slot + 1) % GROUP_SLOTS
        if not self.groups[slot].used:
            if self.group_count >= GROUP_SLOTS // 4 * 3:
                return NO_GROUP
            self.group_count += 1
            self.groups[slot].used = True
            self.groups[slot].session = session
        self.last_group = slot
        return slot

    cdef Cell *cell(self, uint32_t group, uint32_t kind, uint32_t arch,
                    int32_t number) noexcept nogil:
        """The cell of a pair, taken if it is new; NULL if the table is full."""
        cdef Cell *cell = &self.cells[self.last_cell]
        cdef uint32_t slot
        if (cell.kind == kind and cell.group == group and cell.number == number
                and cell.arch == arch):
            return cell
        slot = (group * 2654435761u ^ <uint32_t>number * 2246822519u ^ arch ^ kind << 7)
        slot = (slot ^ slot >> 15) % CELL_SLOTS
        while True:
            cell = &self.cells[slot]
            if cell.kind == 0:
                break
            if (cell.kind == kind and cell.group == group and cell.number == number
                    and cell.arch == arch):
                self.last_cell = slot
                return cell
            slot = (slot + 1) % CELL_SLOTS
        if self.cell_count >= CELL_SLOTS // 4 * 3:
            return NULL
        self.cell_count += 1
        cell.kind = kind
        cell.group = group
        cell.arch = arch
        cell.number = number
        self.last_cell = slot
        return cell

    cdef void count(self, uint32_t group, const Outcome *outcome) noexcept nogil:
        """Add one final event to a group."""
        cdef Group *sums = &self.groups[group]
        cdef Cell *cell = self.cell(group, outcome.kind, outcome.arch, outcome.number)
        if cell == NULL:
            self.overflowed += 1
            return
        sums.used = True
        sums.complete += outcome.complete
        sums.partial += 1 - outcome.complete
        sums.records += outcome.records
        sums.bytes += outcome.bytes
        sums.missing_records += outcome.missing_records
        sums.after_marker += outcome.after_marker
        cell.complete += outcome.complete
        cell.partial += 1 - outcome.complete
        cell.records += outcome.records
        if outcome.complete:
            cell.complete_by_auxiliary[outcome.auxiliary & 3] += 1
        else:
            cell.partial_by_auxiliary[outcome.auxiliary & 3] += 1

    cdef void count_late(self, uint32_t group, const Outcome *outcome) noexcept nogil:
        """Add a record that came after its event was final."""
        cdef Cell *cell = self.cell(group, outcome.kind, outcome.arch, outcome.number)
        if cell == NULL:
            return
        self.groups[group].records += outcome.records
        self.groups[group].bytes += outcome.bytes
        cell.records += outcome.records

    cdef void begin_span(self) noexcept nogil:
        """Note a sync marker: events that began before it no longer count as after the last one."""
        cdef uint32_t slot
        for slot in range(GROUP_SLOTS + 1):
            self.groups[slot].after_marker = 0

    cdef void clear(self) noexcept nogil:
        """Forget everything; memory that was never used stays untouched."""
        cdef uint32_t slot
        for slot in range(GROUP_SLOTS + 1):
            memset(&self.groups[slot], 0, sizeof(Group))
        for slot in range(CELL_SLOTS):
            if self.cells[slot].kind:
                memset(&self.cells[slot], 0, sizeof(Cell))
        self.group_count = self.cell_count = 0

    cdef dict sums(self, uint32_t slot):
        cdef Group *group = &self.groups[slot]
        return {"events": group.complete + group.partial, "complete": group.complete,
                "partial": group.partial, "records": group.records, "bytes": group.bytes,
                "missing_records": group.missing_records, "missing_auxiliary": 0,
                "after_marker": group.after_marker,
                "by_syscall": {}, "other": {}}

    def describe(self, uint32_t native_arch, bint tree):
        """The sessions' groups by session number, and the tree's group or None."""
        cdef Cell *cell
        cdef uint32_t slot
        described = {slot: self.sums(slot) for slot in range(GROUP_SLOTS + 1)
                     if self.groups[slot].used or (tree and slot == GROUP_SLOTS)}
        for slot in range(CELL_SLOTS):
            cell = &self.cells[slot]
            if cell.kind == KIND_OTHER:
                # Late records of events counted before the start marker make no event after it.
                if cell.complete + cell.partial:
                    described[cell.group]["other"][str(cell.number)] = cell.complete + cell.partial
            elif cell.kind == KIND_SYSCALL:
                name = str(cell.number)
                if cell.arch != native_arch:
                    name = f"{cell.arch:x}:{name}"
                described[cell.group]["missing_auxiliary"] += missing_auxiliary(cell)
                described[cell.group]["by_syscall"][name] = {
                    "complete": cell.complete, "partial": cell.partial, "records": cell.records}
        tree_sums = described.pop(GROUP_SLOTS, None)
        sessions = {str(self.groups[slot].session): sums for slot, sums in described.items()}
        return sessions, tree_sums
