"""Whether one condition of a rule holds for one call. Three answers: yes, no, it depends.

As `audit_filter_rules`, `audit_filter` and `audit_comparator` of the kernel do it. What depends on
something unknown is None, never a guess. The machine is examined only for `exe`, `path` and `dir`,
which the kernel compares by inode.
"""

from __future__ import annotations

import operator as operators
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.kernel.rules.fields import COMPARISONS, UNSET, Field, FilterList, Operator
from harness.kernel.rules.matching.path_match import is_inside, is_the_file, same_program
from harness.kernel.rules.rule import RuleField
from harness.kernel.rules.syscall_access import perm_matches

SYSCALL_RECORD = 1300

_KNOWN_NAMES: dict[int, str] = {
    Field.PID: "pid",
    Field.PPID: "ppid",
    Field.UID: "uid",
    Field.EUID: "euid",
    Field.SUID: "suid",
    Field.FSUID: "fsuid",
    Field.GID: "gid",
    Field.EGID: "egid",
    Field.SGID: "sgid",
    Field.FSGID: "fsgid",
    Field.LOGINUID: "auid",
    Field.SESSIONID: "sessionid",
    Field.PERS: "pers",
    Field.EXIT: "exit",
    Field.SUCCESS: "success",
    Field.SADDR_FAM: "saddr_fam",
    Field.ARG0: "a0",
    Field.ARG1: "a1",
    Field.ARG2: "a2",
    Field.ARG3: "a3",
}
_WITH_GROUPS = frozenset({Field.GID, Field.EGID})
"""Also compared with the supplementary groups."""
_NEEDS_SYSCALL = frozenset(
    {
        *(Field.ARCH, Field.PPID, Field.EXIT, Field.SUCCESS, Field.SADDR_FAM),
        *(Field.ARG0, Field.ARG1, Field.ARG2, Field.ARG3),
    }
)
"""False on the task list, where there is no syscall yet."""
_CHANGES_AFTER_FORK = frozenset({Field.LOGINUID, Field.LOGINUID_SET, Field.SESSIONID, Field.PID})


@dataclass(frozen=True, slots=True)
class Call:
    """One call as rules see it; None is unknown.

    `arch` is an AUDIT_ARCH_*, `number` the syscall's, `exe` the program that is running as the call
    returns, `known` values by field name (auid, uid, a0, exit, msgtype, …). `paths` are the files
    that it touches; one that ends in a slash stands for something below it. `access` are the bits
    of `perm=` that it has, where they do not follow from its number; `errors` the errnos that it
    may end with; `groups` the supplementary groups.
    """

    arch: int
    number: int | None
    exe: str | None
    known: Mapping[str, int]
    paths: tuple[str, ...] | None = None
    access: int | None = None
    errors: frozenset[int] | None = None
    groups: frozenset[int] | None = None


def all_hold(answers: Iterable[bool | None]) -> bool | None:
    """Whether all of them are yes; no if one is no, whatever the others are."""
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def any_holds(answers: Iterable[bool | None]) -> bool | None:
    """Whether one of them is yes; None if it may be."""
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def field_holds(field: RuleField, call: Call, where: FilterList) -> bool | None:
    """Whether the condition holds for the call as the rules of this list are evaluated."""
    if where == FilterList.TASK and field.field in _NEEDS_SYSCALL:
        return False
    if where == FilterList.TASK and field.field == Field.EXE:
        return field.op == Operator.NOT_EQUAL
    if where == FilterList.TASK and field.field in _CHANGES_AFTER_FORK:
        return None
    return _known_field(field, call, where)


def _known_field(field: RuleField, call: Call, where: FilterList) -> bool | None:
    special = _SPECIAL.get(field.field)
    if special is not None:
        return special(field, call)
    name = _KNOWN_NAMES.get(field.field)
    if name is None or name not in call.known or isinstance(field.value, bytes):
        return None
    if field.field in _WITH_GROUPS and where != FilterList.EXCLUDE:
        return _group(field, call.known[name], call.groups)
    return compared(call.known[name] & UNSET, field.op, field.value)


def compared(left: int, operator: int, right: int) -> bool | None:
    """The kernel's `audit_comparator`, unsigned 32-bit; None for an operator it does not have."""
    compare = _COMPARATORS.get(operator)
    return None if compare is None else compare(left, right)


_COMPARATORS: dict[int, Callable[[int, int], bool]] = {
    Operator.EQUAL: operators.eq,
    Operator.NOT_EQUAL: operators.ne,
    Operator.LESS: operators.lt,
    Operator.LESS_OR_EQUAL: operators.le,
    Operator.GREATER: operators.gt,
    Operator.GREATER_OR_EQUAL: operators.ge,
    Operator.MASK: lambda left, right: bool(left & right),
    Operator.BIT_TEST: lambda left, right: left & right == right,
}


def _group(field: RuleField, value: int, groups: frozenset[int] | None) -> bool | None:
    answer = compared(value, field.op, field.number)
    if field.op not in (Operator.EQUAL, Operator.NOT_EQUAL):
        return answer
    wanted = field.op == Operator.EQUAL
    if value == field.number:
        return wanted
    return None if groups is None else (field.number in groups) == wanted


def _arch(field: RuleField, call: Call) -> bool | None:
    return compared(call.arch, field.op, field.number) if call.arch else None


def _exe(field: RuleField, call: Call) -> bool | None:
    if call.exe is None:
        return None
    same = same_program(os.fsdecode(field.text), call.exe)
    return same if field.op == Operator.EQUAL else not same


def _exit(field: RuleField, call: Call) -> bool | None:
    if "exit" in call.known:
        return compared(call.known["exit"] & UNSET, field.op, field.number)
    # A call returns only the errnos that it may end with; nothing else is known about its result.
    if field.number <= UNSET - 4095 or field.op not in (Operator.EQUAL, Operator.NOT_EQUAL):
        return None
    errors: frozenset[int] | None = frozenset() if call.known.get("success") else call.errors
    if errors is None or UNSET + 1 - field.number in errors:
        return None
    return field.op == Operator.NOT_EQUAL


def _loginuid_set(field: RuleField, call: Call) -> bool | None:
    if "auid" not in call.known:
        return None
    return compared(int(call.known["auid"] & UNSET != UNSET), field.op, field.number)


def _two_fields(field: RuleField, call: Call) -> bool | None:
    sides = COMPARISONS.get(field.number, ("", ""))
    if call.paths == () and sides[1].startswith("obj_"):
        return False
    if not all(side in call.known for side in sides):
        return None
    return compared(call.known[sides[0]] & UNSET, field.op, call.known[sides[1]] & UNSET)


def _perm(field: RuleField, call: Call) -> bool | None:
    answer: bool | None = None
    if call.access is not None:
        answer = bool(call.access & field.number)
    elif call.number is not None:
        answer = perm_matches(call.arch, call.number, field.number)
    if answer is None or field.op == Operator.EQUAL:
        return answer
    return not answer


def _msgtype(field: RuleField, call: Call) -> bool | None:
    return compared(call.known.get("msgtype", SYSCALL_RECORD), field.op, field.number)


def _path(field: RuleField, call: Call) -> bool | None:
    if call.paths is None:
        return None
    named = os.fsdecode(field.text)
    return _of_each(any_holds(is_the_file(named, touched) for touched in call.paths), call)


def _dir(field: RuleField, call: Call) -> bool | None:
    if call.paths is None:
        return None
    named = os.fsdecode(field.text)
    answer = _of_each(any_holds(is_inside(named, touched) for touched in call.paths), call)
    return answer if answer is None or field.op == Operator.EQUAL else not answer


def _of_each(answer: bool | None, call: Call) -> bool | None:
    """What holds for one of several paths does not hold for every such call."""
    return None if answer and len(call.paths or ()) > 1 else answer


def _of_files(_field: RuleField, call: Call) -> bool | None:
    """A condition on what a call touches never holds for one that touches nothing."""
    return False if call.paths == () else None


_SPECIAL: dict[int, Callable[[RuleField, Call], bool | None]] = {
    Field.ARCH: _arch,
    Field.EXE: _exe,
    Field.EXIT: _exit,
    Field.LOGINUID_SET: _loginuid_set,
    Field.FIELD_COMPARE: _two_fields,
    Field.PERM: _perm,
    Field.MSGTYPE: _msgtype,
    Field.WATCH: _path,
    Field.DIR: _dir,
    Field.INODE: _of_files,
    Field.DEVMAJOR: _of_files,
    Field.DEVMINOR: _of_files,
    Field.OBJ_UID: _of_files,
    Field.OBJ_GID: _of_files,
    Field.FILTERKEY: lambda _field, _call: True,
}
