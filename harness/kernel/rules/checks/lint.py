"""Traps in audit rules: rules that auditctl accepts silently and that then never work.

One rule is examined; traps of paths are in `paths`, rules the kernel refuses in `refusals`. The
kernel is not asked; its behaviour is from its `auditfilter.c` and `auditsc.c`. Each finding
carries its remedy.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.kernel.rules.checks.paths import path_traps
from harness.kernel.rules.fields import (
    GID_FIELDS,
    LIST_NAMES,
    RECORD_FILTER_FIELDS,
    SUBJECT_FIELDS,
    UID_FIELDS,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.warning import RuleWarning

_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_TASK_FIELDS = (
    (UID_FIELDS - {Field.OBJ_UID})
    | (GID_FIELDS - {Field.OBJ_GID})
    | SUBJECT_FIELDS
    | {Field.PID, Field.LOGINUID, Field.LOGINUID_SET, Field.SESSIONID, Field.PERS}
)
"""The fields that can match when a task is created; it has no syscall, path or program then."""


def rule_warnings(rule: Rule, *, absent_exe: bytes | None = None) -> list[RuleWarning]:
    """The traps this rule falls into; none for most rules. `absent_exe` need not exist here."""
    return [
        *_of_list(rule),
        *(warning for field in rule.fields for warning in _of_field(field)),
        *path_traps(rule, absent_exe=absent_exe),
    ]


def _of_list(rule: Rule) -> Iterator[RuleWarning]:
    if rule.filter_list in (FilterList.USER, FilterList.EXCLUDE):
        yield from _of_record_list(rule)
    elif rule.filter_list == FilterList.TASK:
        if any(field.field not in _TASK_FIELDS for field in rule.fields):
            yield RuleWarning(
                "task-field",
                "the rule names a field that a task does not yet have when created, so it never "
                "matches as meant",
                "use uid, gid, auid, sessionid, pid (the parent's) or subj_* on the task list",
            )
    elif rule.filter_list == FilterList.EXIT and not rule.names_every_syscall:
        if any(field.field == Field.ARCH for field in rule.fields) or not any(rule.mask):
            return
        yield RuleWarning(
            "arch-missing",
            "-S without arch: the same numbers are other syscalls for 32-bit programs",
            "give -F arch=b64 before -S, and a second rule with arch=b32 if 32-bit programs count",
        )


def _of_record_list(rule: Rule) -> Iterator[RuleWarning]:
    name = LIST_NAMES[FilterList(rule.filter_list)]
    if not rule.fields:
        yield RuleWarning(
            "no-field",
            f"a rule without fields matches nothing on the {name} list",
            "give -F msgtype= or another field",
        )
    for field in rule.fields:
        if field.field == Field.FILTERKEY:
            yield RuleWarning(
                "key-on-record-list",
                f"a key on the {name} list makes the rule ineffective, and the kernel does not "
                "look at the rules after it",
                "leave the key out",
            )
        elif field.field not in RECORD_FILTER_FIELDS:
            yield RuleWarning(
                "field-not-evaluated",
                f"the kernel does not evaluate field {field.field} on the {name} list, and where "
                "it comes to it, it keeps the record without looking at the rules after it",
                "use msgtype, pid, uid, gid, auid, subj_* or exe there",
            )


def _of_field(field: RuleField) -> Iterator[RuleWarning]:
    if field.field == Field.EXIT and field.op not in _EQUALITY:
        yield RuleWarning(
            "exit-unsigned",
            "exit is compared without its sign: an error counts as more than any success",
            "use success=1, success=0 or exit=-ERRNO",
        )
