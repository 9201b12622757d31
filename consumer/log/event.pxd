"""An event of an audit.log while its records come in, and its values to be counted."""

from libc.stdint cimport int32_t, uint32_t, uint64_t

cdef enum:
    # What events are counted by; tables.py names them in this order.
    EXE = 0
    COMM = 1
    SYSCALL = 2
    KEY = 3
    AUID = 4
    UID = 5
    ADDRESS = 6
    TYPE = 7
    NODE = 8
    SUBJ = 9
    SHAPE = 10       # all that a rule may test of a system call, together
    PART = 11        # a shape, and a type of record that a rule may leave out of its events
    KINDS = 12
    # The types of such records, by their place in PART_TYPES of tables.py.
    PARTS = 5
    NO_VALUE = 0xFFFFFFFF
    NO_ROOM = 0xFFFFFFFE
    NOT_SAID = -2147483648  # `exit` is missing: the task died in the call
    # The reports that lose an event to a record that aureport cannot read. Each report reads
    # other fields, so each leaves out other events. Where all events count, the event is left out
    # only if it has no value.
    LEFT_EXE = 1 << 0
    LEFT_COMM = 1 << 1
    LEFT_SYSCALL = 1 << 2
    LEFT_KEY = 1 << 3
    LEFT_AUID = 1 << 4
    LEFT_ADDRESS = 1 << 6
    LEFT_TYPE = 1 << 7
    LEFT_ALL = 0xDF
    WITHOUT_EXE = LEFT_EXE | LEFT_KEY | LEFT_AUID
    WITHOUT_COMM = LEFT_COMM | LEFT_SYSCALL
    WITHOUT_TERMINAL = LEFT_EXE | LEFT_COMM | LEFT_AUID
    WITHOUT_ADDRESS = LEFT_EXE | LEFT_COMM | LEFT_AUID | LEFT_ADDRESS


cdef struct LogEvent:
    uint64_t stamp_ms
    uint64_t bytes           # of its lines, line feeds included
    uint32_t serial
    uint32_t records
    int32_t exit_code        # of its SYSCALL record; 0 for every success
    uint32_t left_out        # LEFT_ bits
    uint32_t value[SHAPE]    # number of the value by kind, or NO_VALUE
    uint32_t part_records[PARTS]
    uint32_t part_bytes[PARTS]
    uint32_t older           # the next in the same place of the table
    uint32_t following       # the next of the same second


cdef inline void begin_event(LogEvent *event, uint64_t stamp_ms, uint32_t serial) noexcept nogil:
    cdef uint32_t kind
    event.stamp_ms = stamp_ms
    event.serial = serial
    event.bytes = 0
    event.records = 0
    event.exit_code = NOT_SAID
    event.left_out = 0
    for kind in range(SHAPE):
        event.value[kind] = NO_VALUE
    for kind in range(PARTS):
        event.part_records[kind] = event.part_bytes[kind] = 0


cdef inline void add_part(LogEvent *event, int record_type, uint32_t size) noexcept nogil:
    """Count a record of a type that rules may leave out; others are none of PARTS."""
    cdef uint32_t place
    if record_type == 1307:
        place = 0
    elif record_type == 1327:
        place = 1
    elif record_type == 1317:
        place = 2
    elif record_type == 1321:
        place = 3
    elif record_type == 1323:
        place = 4
    else:
        return
    event.part_records[place] += 1
    event.part_bytes[place] += size
