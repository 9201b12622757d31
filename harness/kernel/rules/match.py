"""Whether a rule set records a syscall for certain. Three answers: yes, no, it depends.

Follows the kernel's order (task list at the fork, first match of the exit list, exclude list on
the SYSCALL record) for a successful call by a root process. A rule that depends on something
unknown makes the answer None, never a guess. The machine is examined only for `exe`, which the
kernel compares by inode.
"""

from __future__ import annotations

import operator as operators
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harness.kernel.rules.fields import (
    ARCH_NUMBERS,
    COMPARISONS,
    RECORD_FILTER_FIELDS,
    UNSET,
    Action,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import Rule, RuleField
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
_ROOT = {
    **dict.fromkeys(("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"), 0),
    "success": 1,
}
_WITH_GROUPS = frozenset({Field.GID, Field.EGID})
"""Also compared with the supplementary groups, which are not known here."""
_NEEDS_SYSCALL = frozenset(
    {
        *(Field.ARCH, Field.PPID, Field.EXIT, Field.SUCCESS, Field.SADDR_FAM),
        *(Field.ARG0, Field.ARG1, Field.ARG2, Field.ARG3),
    }
)
"""False on the task list, where there is no syscall yet."""
_CHANGES_AFTER_FORK = frozenset({Field.LOGINUID, Field.LOGINUID_SET, Field.SESSIONID, Field.PID})


@dataclass(frozen=True, slots=True)
class _Call:
    arch: int
    number: int
    exe: str | None
    known: Mapping[str, int]


def certainly_audited(
    rules: Iterable[Rule],
    arch: str | int,
    syscall_nr: int,
    exe: str | None,
    *,
    known: Mapping[str, int] | None = None,
) -> bool | None:
    """Whether these rules, in evaluation order, record every such call (True) or none (False).

    A call is syscall `syscall_nr` (a number of `arch`, by `uname -m` name or AUDIT_ARCH_*), made
    successfully by a process of root whose program is `exe` (None: not known) and which was
    forked after the rules were set. `known` gives values by field name (auid, sessionid, pid,
    ppid, uid, …, a0 to a3, exit, saddr_fam); all ids are 0 without it. None: it depends on
    something unknown. Audit is assumed to be enabled.
    """
    values = {**_ROOT, **(known or {})}
    number = arch if isinstance(arch, int) else ARCH_NUMBERS.get(arch, 0)
    call = _Call(number, syscall_nr, exe, values)
    rules = list(rules)
    outcomes = _recorded(rules, call)
    if True in outcomes:
        dropped = _first_match([r for r in rules if r.filter_list == FilterList.EXCLUDE], call)
        outcomes = outcomes - {True} | {not drop for drop in dropped}
    return None if len(outcomes) > 1 else outcomes.pop()


def _recorded(rules: list[Rule], call: _Call) -> set[bool]:
    """The possible outcomes of the call: recorded, not recorded, or either."""
    outcomes: set[bool] = set()
    for wanted in (FilterList.TASK, FilterList.EXIT):
        for rule in rules:
            if rule.filter_list != wanted:
                continue
            if wanted == FilterList.EXIT and not rule.names_syscall(call.number):
                continue
            match = _all(_field(field, call, wanted) for field in rule.fields)
            if match is not False:
                outcomes.add(rule.action == Action.ALWAYS)
            if match is True:
                return outcomes
    return outcomes | {False}


def _first_match(rules: list[Rule], call: _Call) -> set[bool]:
    """Whether the exclude list drops the SYSCALL record; `audit_filter` of `auditfilter.c`."""
    outcomes: set[bool] = set()
    for rule in rules:
        match: bool | None = bool(rule.fields)
        for field in rule.fields:
            if field.field not in RECORD_FILTER_FIELDS:
                # The kernel ends its walk here and keeps the record.
                outcomes.add(False)
                if match is True:
                    return outcomes
                match = False
                break
            match = _all((match, _field(field, call, FilterList.EXCLUDE)))
            if match is False:
                break
        if match is not False:
            outcomes.add(True)
        if match is True:
            return outcomes
    return outcomes | {False}


def _all(answers: Iterable[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def _field(field: RuleField, call: _Call, where: FilterList) -> bool | None:
    if where == FilterList.TASK and field.field in _NEEDS_SYSCALL:
        return False
    if where == FilterList.TASK and field.field == Field.EXE:
        return field.op == Operator.NOT_EQUAL
    if where == FilterList.TASK and field.field in _CHANGES_AFTER_FORK:
        return None
    return _known_field(field, call, where)


def _known_field(field: RuleField, call: _Call, where: FilterList) -> bool | None:
    special = _SPECIAL.get(field.field)
    if special is not None:
        return special(field, call)
    name = _KNOWN_NAMES.get(field.field)
    if name is None or name not in call.known or isinstance(field.value, bytes):
        return None
    if field.field in _WITH_GROUPS and where != FilterList.EXCLUDE:
        return _group(field, call.known[name])
    return _compare(call.known[name] & UNSET, field.op, field.value)


def _compare(left: int, operator: int, right: int) -> bool | None:
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


def _group(field: RuleField, value: int) -> bool | None:
    answer = _compare(value, field.op, field.number)
    if field.op == Operator.EQUAL:
        return True if answer else None
    if field.op == Operator.NOT_EQUAL:
        return None if answer else False
    return answer


def _arch(field: RuleField, call: _Call) -> bool | None:
    return _compare(call.arch, field.op, field.number) if call.arch else None


def _exe(field: RuleField, call: _Call) -> bool | None:
    if call.exe is None:
        return None
    same = _same_program(os.fsdecode(field.text), call.exe)
    return same if field.op == Operator.EQUAL else not same


def _same_program(named: str, running: str) -> bool:
    try:
        left = os.lstat(named)
        right = os.stat(running)  # noqa: PTH116  # as the kernel: links in `named` do not count
    except (OSError, ValueError):
        return named == running
    return (left.st_dev, left.st_ino) == (right.st_dev, right.st_ino)


def _exit(field: RuleField, call: _Call) -> bool | None:
    if "exit" in call.known:
        return _compare(call.known["exit"] & UNSET, field.op, field.number)
    # A successful call returns no errno; nothing else is known about its result.
    if field.number > UNSET - 4095 and field.op in (Operator.EQUAL, Operator.NOT_EQUAL):
        return field.op == Operator.NOT_EQUAL
    return None


def _loginuid_set(field: RuleField, call: _Call) -> bool | None:
    if "auid" not in call.known:
        return None
    return _compare(int(call.known["auid"] & UNSET != UNSET), field.op, field.number)


def _two_fields(field: RuleField, call: _Call) -> bool | None:
    sides = COMPARISONS.get(field.number, ("", ""))
    if not all(side in call.known for side in sides):
        return None
    return _compare(call.known[sides[0]] & UNSET, field.op, call.known[sides[1]] & UNSET)


def _perm(field: RuleField, call: _Call) -> bool | None:
    answer = perm_matches(call.arch, call.number, field.number)
    if answer is None or field.op == Operator.EQUAL:
        return answer
    return not answer


_SPECIAL: dict[int, Callable[[RuleField, _Call], bool | None]] = {
    Field.ARCH: _arch,
    Field.EXE: _exe,
    Field.EXIT: _exit,
    Field.LOGINUID_SET: _loginuid_set,
    Field.FIELD_COMPARE: _two_fields,
    Field.PERM: _perm,
    Field.MSGTYPE: lambda field, _call: _compare(SYSCALL_RECORD, field.op, field.number),
    Field.FILTERKEY: lambda _field, _call: True,
}
