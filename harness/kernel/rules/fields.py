"""The numbers an audit rule is made of: lists, actions, operators, fields, sizes.

From the kernel's `include/uapi/linux/audit.h`. Names as text come from libaudit's tables, not
from here. No behaviour.
"""

from __future__ import annotations

from enum import IntEnum

MAX_FIELDS = 64
"""Slots in the kernel's structure; libaudit and auditctl stop at 63."""
MASK_WORDS = 64
MASK_BYTES = 4 * MASK_WORDS
MASK_BITS = 32 * MASK_WORDS
FIRST_CLASS_BIT = MASK_BITS - 16
"""The top 16 mask bits name syscall classes; the kernel expands and clears them."""
MAX_KEY_BYTES = 256
KEY_SEPARATOR = b"\x01"
PATH_MAX = 4096
NAME_MAX = 255
MAX_MESSAGE_BYTES = 8970
"""The largest netlink message libaudit sends, header included."""
UNSET = 0xFFFFFFFF
"""(u32) -1: a loginuid or session that was never set."""
ALL_SYSCALLS = b"\xff" * MASK_BYTES
NO_SYSCALLS = bytes(MASK_BYTES)


class FilterList(IntEnum):
    """The lists where rules are evaluated; today's kernels refuse ENTRY (2) and WATCH (3)."""

    USER = 0
    TASK = 1
    ENTRY = 2
    WATCH = 3
    EXIT = 4
    EXCLUDE = 5
    FILESYSTEM = 6
    IO_URING = 7


PREPEND = 0x10
"""In the flags word: put the rule at the head of its list."""
LIST_NAMES = {
    FilterList.USER: "user",
    FilterList.TASK: "task",
    FilterList.EXIT: "exit",
    FilterList.EXCLUDE: "exclude",
    FilterList.FILESYSTEM: "filesystem",
    FilterList.IO_URING: "io_uring",
}
LIST_NUMBERS = {name: number for number, name in LIST_NAMES.items()}
LISTS_WITH_SYSCALLS = frozenset({FilterList.EXIT, FilterList.IO_URING})
"""The lists whose rules are chosen by the mask; the others ignore it."""


class Action(IntEnum):
    """What a match does; POSSIBLE is obsolete and refused."""

    NEVER = 0
    POSSIBLE = 1
    ALWAYS = 2


class Operator(IntEnum):
    """How a field is compared, as stored in `fieldflags`."""

    MASK = 0x08000000
    LESS = 0x10000000
    GREATER = 0x20000000
    NOT_EQUAL = 0x30000000
    EQUAL = 0x40000000
    BIT_TEST = 0x48000000
    LESS_OR_EQUAL = 0x50000000
    GREATER_OR_EQUAL = 0x60000000


OPERATOR_SYMBOLS: dict[int, str] = {
    Operator.EQUAL: "=",
    Operator.NOT_EQUAL: "!=",
    Operator.GREATER: ">",
    Operator.GREATER_OR_EQUAL: ">=",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
    Operator.MASK: "&",
    Operator.BIT_TEST: "&=",
}
"""How an operator is written in rule text."""


class Field(IntEnum):
    """What is compared. LOGINUID_SET has no name in rule text; the kernel makes it itself."""

    PID = 0
    UID = 1
    EUID = 2
    SUID = 3
    FSUID = 4
    GID = 5
    EGID = 6
    SGID = 7
    FSGID = 8
    LOGINUID = 9
    PERS = 10
    ARCH = 11
    MSGTYPE = 12
    SUBJ_USER = 13
    SUBJ_ROLE = 14
    SUBJ_TYPE = 15
    SUBJ_SEN = 16
    SUBJ_CLR = 17
    PPID = 18
    OBJ_USER = 19
    OBJ_ROLE = 20
    OBJ_TYPE = 21
    OBJ_LEV_LOW = 22
    OBJ_LEV_HIGH = 23
    LOGINUID_SET = 24
    SESSIONID = 25
    FSTYPE = 26
    DEVMAJOR = 100
    DEVMINOR = 101
    INODE = 102
    EXIT = 103
    SUCCESS = 104
    WATCH = 105
    PERM = 106
    DIR = 107
    FILETYPE = 108
    OBJ_UID = 109
    OBJ_GID = 110
    FIELD_COMPARE = 111
    EXE = 112
    SADDR_FAM = 113
    ARG0 = 200
    ARG1 = 201
    ARG2 = 202
    ARG3 = 203
    FILTERKEY = 210


SUBJECT_FIELDS = frozenset(range(Field.SUBJ_USER, Field.SUBJ_CLR + 1))
OBJECT_LABEL_FIELDS = frozenset(range(Field.OBJ_USER, Field.OBJ_LEV_HIGH + 1))
STRING_FIELDS = (
    SUBJECT_FIELDS | OBJECT_LABEL_FIELDS | {Field.WATCH, Field.DIR, Field.EXE, Field.FILTERKEY}
)
"""Fields whose value is a length; the text itself is in the buffer after the rule."""
UID_FIELDS = frozenset({Field.UID, Field.EUID, Field.SUID, Field.FSUID, Field.OBJ_UID})
GID_FIELDS = frozenset({Field.GID, Field.EGID, Field.SGID, Field.FSGID, Field.OBJ_GID})
ARGUMENT_FIELDS = frozenset(range(Field.ARG0, Field.ARG3 + 1))
RECORD_FILTER_FIELDS = SUBJECT_FIELDS | {
    Field.PID,
    Field.UID,
    Field.GID,
    Field.LOGINUID,
    Field.LOGINUID_SET,
    Field.MSGTYPE,
    Field.EXE,
}
"""The fields that the kernel's `audit_filter` evaluates on the user and exclude lists. Any other
field ends its walk through the list there, with "keep the record"."""

PERMISSION_BITS = {"r": 4, "w": 2, "x": 1, "a": 8}
"""In the order in which auditctl prints them."""

COMPARISONS: dict[int, tuple[str, str]] = {
    1: ("uid", "obj_uid"),
    2: ("gid", "obj_gid"),
    3: ("euid", "obj_uid"),
    4: ("egid", "obj_gid"),
    5: ("auid", "obj_uid"),
    6: ("suid", "obj_uid"),
    7: ("sgid", "obj_gid"),
    8: ("fsuid", "obj_uid"),
    9: ("fsgid", "obj_gid"),
    10: ("uid", "auid"),
    11: ("uid", "euid"),
    12: ("uid", "fsuid"),
    13: ("uid", "suid"),
    14: ("auid", "fsuid"),
    15: ("auid", "suid"),
    16: ("auid", "euid"),
    17: ("euid", "suid"),
    18: ("euid", "fsuid"),
    19: ("suid", "fsuid"),
    20: ("gid", "egid"),
    21: ("gid", "fsgid"),
    22: ("gid", "sgid"),
    23: ("egid", "fsgid"),
    24: ("egid", "sgid"),
    25: ("sgid", "fsgid"),
}
"""FIELD_COMPARE's codes: the two sides as auditctl prints them after `-C`."""

ARCH_NUMBERS = {
    "x86_64": 0xC000003E,
    "i386": 0x40000003,
    "i686": 0x40000003,
    "aarch64": 0xC00000B7,
    "armv7l": 0x40000028,
    "ppc64": 0x80000015,
    "ppc64le": 0xC0000015,
    "s390x": 0x80000016,
    "riscv64": 0xC00000F3,
    "loongarch64": 0xC0000102,
}
"""AUDIT_ARCH_* by the machine's name as `uname -m` prints it."""
ARCH_32 = {"x86_64": 0x40000003, "aarch64": 0x40000028, "ppc64": 0x14, "s390x": 0x16}
"""AUDIT_ARCH_* of the 32-bit programs that a 64-bit machine may run, by that machine's name."""
ARCH_64BIT = 0x80000000
