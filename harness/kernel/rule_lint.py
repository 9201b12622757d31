"""Traps in audit rules: what auditctl takes without a word and what then never works.

Looks at one rule and, for paths, at the file system of this machine. The kernel is not asked;
what it does is from its `auditfilter.c`, `auditsc.c` and `audit_watch.c`. Each finding carries
its remedy.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from harness.kernel.rule import Rule, RuleField
from harness.kernel.rule_fields import (
    GID_FIELDS,
    LIST_NAMES,
    RECORD_FILTER_FIELDS,
    SUBJECT_FIELDS,
    UID_FIELDS,
    UNSET,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rule_warning import RuleWarning
from harness.kernel.rule_words import shown

REFUSED = "refused"
"""The code of a warning about a rule that the kernel will not take."""
_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_TASK_FIELDS = (
    (UID_FIELDS - {Field.OBJ_UID})
    | (GID_FIELDS - {Field.OBJ_GID})
    | SUBJECT_FIELDS
    | {Field.PID, Field.LOGINUID, Field.LOGINUID_SET, Field.SESSIONID, Field.PERS}
)
"""What can match when a task is created; it has no syscall, path or program then."""
_PATHS = (Field.WATCH, Field.DIR, Field.EXE)
_CREATE = "create it first, or put -i at the top of the file to skip such rules"
_NAMES = {Field.WATCH: "path", Field.DIR: "dir", Field.EXE: "exe"}


def rule_warnings(rule: Rule) -> list[RuleWarning]:
    """The traps this rule falls into; none for most rules."""
    return [
        *_of_list(rule),
        *_of_refusals(rule),
        *(warning for field in rule.fields for warning in _of_field(field)),
    ]


def _of_list(rule: Rule) -> Iterator[RuleWarning]:
    if rule.filter_list in (FilterList.USER, FilterList.EXCLUDE):
        yield from _of_record_list(rule)
    elif rule.filter_list == FilterList.TASK:
        if any(field.field not in _TASK_FIELDS for field in rule.fields):
            yield RuleWarning(
                "task-field",
                "the rule names a field that a task has not yet when it is created, so it never "
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
                "look at the rules behind it",
                "leave the key away",
            )
        elif field.field not in RECORD_FILTER_FIELDS:
            yield RuleWarning(
                "field-not-evaluated",
                f"the kernel does not evaluate field {field.field} on the {name} list, and where "
                "it comes to it, it keeps the record without looking at the rules behind",
                "use msgtype, pid, uid, gid, auid, subj_* or exe there",
            )


def _of_refusals(rule: Rule) -> Iterator[RuleWarning]:
    """Where the kernel answers EINVAL to what auditctl sends."""
    numbers = [field.field for field in rule.fields]
    for number, name in ((Field.EXE, "exe"), (Field.FILTERKEY, "key")):
        if numbers.count(number) > 1:
            yield _refused(f"the rule has {name} more than once", "write one rule for each")
    if sum(numbers.count(number) for number in (Field.WATCH, Field.DIR, Field.INODE)) > 1:
        yield _refused("the rule has more than one of path, dir and inode", "write one rule each")
    if rule.filter_list == FilterList.FILESYSTEM and set(numbers) - {
        Field.FSTYPE,
        Field.FILTERKEY,
    }:
        yield _refused("the filesystem list knows fstype and key only", "leave the others away")
    for field in rule.fields:
        if field.field in UID_FIELDS | GID_FIELDS and field.value == UNSET:
            yield _refused("a uid or gid is never unset (-1)", "compare auid with unset")
        if field.field == Field.LOGINUID and field.value == UNSET and field.op not in _EQUALITY:
            yield _refused("auid can only be equal to unset or not", "write auid!=unset")


def _refused(what: str, remedy: str) -> RuleWarning:
    return RuleWarning(REFUSED, f"the kernel will refuse the rule: {what}", remedy)


def _of_field(field: RuleField) -> Iterator[RuleWarning]:
    if field.field == Field.EXIT and field.op not in _EQUALITY:
        yield RuleWarning(
            "exit-unsigned",
            "exit is compared without its sign: an error counts as more than any success",
            "use success=1, success=0 or exit=-ERRNO",
        )
    if field.field in _PATHS:
        yield from _of_path(field)


def _of_path(field: RuleField) -> Iterator[RuleWarning]:
    name = f"{_NAMES[Field(field.field)]}={shown(field.text)}"
    path = Path(os.fsdecode(field.text))
    if any(part in field.text for part in (b"*", b"?")) or b".." in field.text.split(b"/"):
        yield RuleWarning(
            "path-literal",
            f"{name} is taken as it stands, the kernel knows neither wildcards nor ..",
            "name one file, or a directory by dir=",
        )
    slash = field.field != Field.DIR and field.text.endswith(b"/")
    if not field.text.startswith(b"/") or slash:
        yield _refused(f"{name} is relative or ends in a slash", "give the path from / on")
        return
    try:
        if field.field == Field.DIR and not path.is_dir():
            yield _refused(f"{name} does not exist", _CREATE)
        elif not path.parent.is_dir():
            yield _refused(f"the directory of {name} does not exist", _CREATE)
        elif field.field == Field.EXE:
            yield from _of_program(name, path)
    except (OSError, ValueError):
        return  # not for us to see, so nothing is known


def _of_program(name: str, path: Path) -> Iterator[RuleWarning]:
    # The kernel follows links in the directories, then compares the inode of the name itself.
    if path.is_symlink():
        target = shown(os.fsencode(os.path.realpath(path)))
        yield RuleWarning(
            "exe-symlink",
            f"{name} is a symbolic link, and no program ever runs as one: the rule never matches",
            f"write exe={target}",
        )
    elif not path.exists():
        yield RuleWarning(
            "exe-missing",
            f"{name} does not exist here, so the rule matches nothing until it does",
            "check the path",
        )
