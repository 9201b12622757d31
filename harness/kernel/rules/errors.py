"""The reasons for refusing a field: libaudit's error numbers as sentences with a remedy.

The numbers are those of libaudit's `errormsg.h`; they have kept their meaning since 2.8.
"""

from __future__ import annotations

from harness.kernel.rules.fields import LIST_NAMES, MAX_FIELDS
from harness.kernel.rules.warning import LINE_REFUSED, FaultError
from harness.kernel.rules.words import shown

OPERATOR_MISSING = 1
FIELD_UNKNOWN = 2
ARCH_MISPLACED = 3
ARCH_UNKNOWN = 5
EXIT_ONLY = 7
TEXT_TOO_LONG = 11
EXCLUDE_FIELD = 12
EQUAL_OR_NOT = 13
FIELD_NOT_ON_LIST = 31
FIELD_UNAVAILABLE = 34
FILE_SYSTEM_UNKNOWN = 36
NO_SUCH_ACCOUNT = 38
TOO_MANY_FIELDS = 28
NO_ACCOUNT = "unknown-account"
"""The code of a fault: a name that this machine's accounts lack."""

_OPERATORS = "the operators are = != > >= < <= & &="
_REASONS: dict[int, tuple[str, str]] = {
    OPERATOR_MISSING: ("has no operator", _OPERATORS),
    FIELD_UNKNOWN: (
        "names no field that libaudit knows",
        "see auditctl(8), -F, for the names",
    ),
    ARCH_MISPLACED: (
        "comes after -S, and syscall names mean nothing without it",
        "put it before the first -S",
    ),
    4: ("names no architecture", "use b64, b32 or a name as `uname -m` prints it"),
    ARCH_UNKNOWN: (
        "names no architecture that libaudit knows here",
        "use b64, b32 or a name as `uname -m` prints it",
    ),
    6: ("asks for a word size that this machine does not have", "use b32"),
    EXIT_ONLY: ("is a field of the exit list only", "use it with -a ACTION,exit"),
    8: ("names no record type", "see `ausearch -m` for the names, or give the number"),
    9: ("is a field of the exclude and user lists only", "use it with -a always,exclude"),
    TEXT_TOO_LONG: (
        "is too long",
        "a key has at most 256 bytes, a path 4096, perm four letters",
    ),
    EXCLUDE_FIELD: (
        "is not evaluated on the exclude list, where the kernel stops at it and keeps the record",
        "use msgtype, pid, uid, gid, auid, subj_* or exe there",
    ),
    EQUAL_OR_NOT: ("takes only = and !=", "use one of them"),
    14: ("holds something other than r, w, x and a", "name permissions like perm=wa"),
    15: ("names no errno", "use a name like -EACCES, or a number"),
    16: (
        "names no file type",
        "use file, dir, socket, link, character, block or fifo",
    ),
    17: ("is a field of the exit list only", "use it with -a ACTION,exit"),
    19: (
        "is a key for a rule that has neither syscall, watch, permission, exe nor file system",
        "give -S, -F path=, -F perm= or -F exe= too",
    ),
    20: ("has no value", "give it after the operator"),
    21: ("needs a number", "give it as a decimal, 0x… or 0… (octal) number"),
    22: ("has no field before its operator", "write FIELD OPERATOR VALUE without spaces"),
    24: ("has no field before its operator", "write FIELD=FIELD or FIELD!=FIELD"),
    25: ("has no field after its operator", "write FIELD=FIELD or FIELD!=FIELD"),
    26: ("names no field on the left", "compare uid and gid fields, see auditctl(8), -C"),
    27: ("names no field on the right", "compare uid and gid fields, see auditctl(8), -C"),
    TOO_MANY_FIELDS: (f"is one field more than {MAX_FIELDS - 1}", "split the rule"),
    29: ("takes only =", "use ="),
    FIELD_NOT_ON_LIST: (
        "is a field of the exit, user and exclude lists only",
        "leave it out, or use another list",
    ),
    33: (
        "compares what the kernel cannot compare",
        "compare two uid fields or two gid fields, see auditctl(8), -C",
    ),
    FIELD_UNAVAILABLE: (
        "is a field of the filesystem list only",
        "use it with -a never,filesystem",
    ),
    FILE_SYSTEM_UNKNOWN: (
        "names no file system that libaudit knows",
        "give its magic number as statfs(2) lists it",
    ),
    37: ("is above the largest address family", "see AF_* in socket.h, AF_INET is 2"),
    NO_SUCH_ACCOUNT: (
        "names no user or group of this machine",
        "create it, or give the number",
    ),
}


def refusal(error: int, option: str, text: bytes, filter_list: int) -> FaultError:
    """The error for `option text` on a list; `error` is libaudit's, negative or positive."""
    what, remedy = _REASONS.get(
        abs(error), (f"is refused by libaudit (error {abs(error)})", "see auditctl(8)")
    )
    where = {int(number): name for number, name in LIST_NAMES.items()}.get(filter_list)
    if where and abs(error) in (EXIT_ONLY, 9, 17, FIELD_NOT_ON_LIST, FIELD_UNAVAILABLE):
        what += f", not of {where}"
    code = NO_ACCOUNT if abs(error) == NO_SUCH_ACCOUNT else LINE_REFUSED
    return FaultError(f"{option} {shown(text)} {what}", remedy=remedy, code=code)
