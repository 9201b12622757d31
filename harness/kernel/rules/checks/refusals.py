"""Refusals by the kernel, foreseen from the rule alone, operator by operator.

`audit_to_entry_common`, `audit_field_valid` and `audit_data_to_entry` of `kernel/auditfilter.c`,
`audit_to_watch` and `audit_make_tree`: the same in Linux 6.1, 6.12 and 6.18. Features that older
kernels lack are checked against the release of the running one (`release_refusals`). Bad values
of perm, filetype, saddr_fam and the comparisons are not foreseen: these kernels check the value
before they have read it, and accept them. `paths` checks whether paths exist.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from harness.kernel.jiffies import kernel_hz
from harness.kernel.rules.controls import Control
from harness.kernel.rules.fields import (
    ARGUMENT_FIELDS,
    COMPARISONS,
    GID_FIELDS,
    LIST_NAMES,
    OPERATOR_SYMBOLS,
    UID_FIELDS,
    UNSET,
    Action,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.format import format_number
from harness.kernel.rules.libaudit import libaudit
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import shown

REFUSED = "refused"
"""The code of a warning about a rule or setting that the kernel will not take."""
FORESEEN = "the kernel will refuse the rule: "
"""Begins each such warning about a rule."""

_EQUALITY = (Operator.EQUAL, Operator.NOT_EQUAL)
_ORDER = (
    *_EQUALITY,
    Operator.LESS,
    Operator.LESS_OR_EQUAL,
    Operator.GREATER,
    Operator.GREATER_OR_EQUAL,
)
_EQUAL_ONLY = frozenset({Field.WATCH, Field.DIR})
_EQUALITY_ONLY = frozenset(
    {
        *(Field.SUBJ_USER, Field.SUBJ_ROLE, Field.SUBJ_TYPE),
        *(Field.OBJ_USER, Field.OBJ_ROLE, Field.OBJ_TYPE),
        *(Field.FILTERKEY, Field.LOGINUID_SET, Field.ARCH, Field.FSTYPE, Field.PERM),
        *(Field.FILETYPE, Field.FIELD_COMPARE, Field.EXE, Field.INODE),
    }
)
_EVERY_OPERATOR = ARGUMENT_FIELDS | {Field.PERS, Field.DEVMINOR}
_KNOWN = frozenset(Field)
_ONE_FILE = (Field.WATCH, Field.DIR, Field.INODE)
_LISTS_OF: dict[int, tuple[FilterList, ...]] = {
    Field.MSGTYPE: (FilterList.USER, FilterList.EXCLUDE),
    Field.FSTYPE: (FilterList.FILESYSTEM,),
    Field.PERM: tuple(each for each in LIST_NAMES if each != FilterList.IO_URING),
    **dict.fromkeys(_ONE_FILE, (FilterList.EXIT, FilterList.IO_URING)),
}
"""Fields that are not for every list; beside them, `filesystem` takes fstype and key only."""
_IO_URING_SINCE = (5, 16)
_SADDR_FAM_SINCE = (5, 3)
_LONGEST_WAIT_S = 600


def rule_refusals(rule: Rule) -> Iterator[RuleWarning]:
    """The reasons why the kernel will answer EINVAL to this rule; none if it accepts it."""
    yield from _of_head(rule)
    for field in rule.fields:
        yield from _of_list(field, rule.filter_list)
        yield from _of_operator(field)
        yield from _of_value(field)
    yield from _of_company(rule)


def release_refusals(rule: Rule, running: str | None = None) -> Iterator[RuleWarning]:
    """The parts of the rule that are newer than a kernel of this release; None is this host's."""
    found = re.match(r"(\d+)\.(\d+)", running or os.uname().release)
    if found is None:
        return
    release = (int(found[1]), int(found[2]))
    if rule.filter_list == FilterList.IO_URING and release < _IO_URING_SINCE:
        yield _too_new("the list io_uring", _IO_URING_SINCE, found[0])
    if release < _SADDR_FAM_SINCE and any(each.field == Field.SADDR_FAM for each in rule.fields):
        yield _too_new("the field saddr_fam", _SADDR_FAM_SINCE, found[0])


def _too_new(what: str, since: tuple[int, int], here: str) -> RuleWarning:
    return refused(f"{what} came with Linux {since[0]}.{since[1]}, and this is {here}", "remove it")


def control_refusals(control: Control) -> Iterator[RuleWarning]:
    """The reasons why the kernel will refuse a setting; none if it accepts it."""
    hz = kernel_hz()
    if control.name != "backlog_wait_time" or hz is None or not isinstance(control.value, int):
        return
    if control.value > _LONGEST_WAIT_S * hz:
        yield RuleWarning(
            REFUSED,
            f"the kernel will refuse --backlog_wait_time {control.value}: it is in jiffies, and "
            f"{_LONGEST_WAIT_S} seconds are the most",
            f"give at most {_LONGEST_WAIT_S * hz}",
        )


def refused(what: str, remedy: str, code: str = REFUSED) -> RuleWarning:
    """The warning that the kernel will refuse a rule."""
    return RuleWarning(code, f"{FORESEEN}{what}", remedy)


def field_name(number: int) -> str:
    """A field as rule text names it."""
    return libaudit().name("field", number) or f"field {number}"


def condition(field: RuleField) -> str:
    """A field with its operator and value, as written in a rule."""
    operator = OPERATOR_SYMBOLS.get(field.op, f" (operator {field.op:#x}) ")
    if field.field == Field.FIELD_COMPARE and field.number in COMPARISONS:
        return operator.join(COMPARISONS[field.number])
    value = shown(field.text) if isinstance(field.value, bytes) else format_number(field)
    return f"{field_name(field.field)}{operator}{value}"


def _of_head(rule: Rule) -> Iterator[RuleWarning]:
    if rule.filter_list not in LIST_NAMES:
        yield refused(f"there is no list {rule.filter_list}", f"use {_listed(LIST_NAMES.values())}")
    if rule.action not in (Action.NEVER, Action.ALWAYS):
        yield refused(f"there is no action {rule.action}", "use always or never")


def _of_list(field: RuleField, filter_list: int) -> Iterator[RuleWarning]:
    name = LIST_NAMES.get(FilterList(filter_list)) if filter_list in LIST_NAMES else None
    if name is None:
        return
    allowed = _LISTS_OF.get(field.field, tuple(LIST_NAMES))
    fits = field.field in (Field.FSTYPE, Field.FILTERKEY)
    if filter_list == FilterList.FILESYSTEM and not fits:
        yield refused(
            f"{condition(field)} is on the filesystem list, which knows fstype and key only",
            "leave it out",
        )
    elif filter_list not in allowed:
        yield refused(
            f"{condition(field)} is on the {name} list, which does not know {_called(field)}",
            f"leave it out, or use {_listed(LIST_NAMES[each] for each in allowed)}",
        )


def _of_operator(field: RuleField) -> Iterator[RuleWarning]:
    allowed = _operators(field)
    if allowed is None:
        yield refused(f"it knows no field {field.field}", "leave it out")
    elif field.op not in allowed:
        symbols = " ".join(OPERATOR_SYMBOLS[each] for each in allowed)
        remedy = f"use {symbols}"
        if field.field in _EQUAL_ONLY:
            remedy = f"write {_called(field)}=, for an exception -a never,exit with it in front"
        yield refused(f"{condition(field)}, but {_called(field)} takes only {symbols}", remedy)


def _operators(field: RuleField) -> tuple[Operator, ...] | None:
    """The operators that the kernel knows for a field; None for a field it does not know."""
    if field.field not in _KNOWN:
        return None
    if field.field in _EQUAL_ONLY:
        return (Operator.EQUAL,)
    if field.field == Field.LOGINUID and field.value == UNSET:
        return _EQUALITY
    if field.field in _EQUALITY_ONLY:
        return _EQUALITY
    return tuple(Operator) if field.field in _EVERY_OPERATOR else _ORDER


def _of_value(field: RuleField) -> Iterator[RuleWarning]:
    if field.field in UID_FIELDS | GID_FIELDS and field.value == UNSET:
        yield refused(
            f"{condition(field)}, but a uid or gid is never unset (-1)", "compare auid with unset"
        )
    elif field.value == b"":
        yield refused(f"{condition(field)} has no value", "give it after the operator")
    elif field.field == Field.DIR and not field.text.startswith(b"/"):
        yield refused(f"{condition(field)} is a relative path", "give the path from / on")
    elif field.field in (Field.WATCH, Field.EXE):
        yield from _of_file(field)


def _of_file(field: RuleField) -> Iterator[RuleWarning]:
    if not field.text.startswith(b"/"):
        yield refused(f"{condition(field)} is a relative path", "give the path from / on")
    elif field.text.endswith(b"/"):
        yield refused(f"{condition(field)} ends in a slash", "leave it out, or use dir=")
    elif field.text.rpartition(b"/")[2] in (b".", b".."):
        yield refused(f"{condition(field)} ends in no name", "name the file or directory itself")


def _of_company(rule: Rule) -> Iterator[RuleWarning]:
    numbers = [field.field for field in rule.fields]
    for number, name in ((Field.EXE, "exe"), (Field.FILTERKEY, "key")):
        if numbers.count(number) > 1:
            yield refused(f"the rule has {name} more than once", "write one rule for each")
    if sum(numbers.count(number) for number in _ONE_FILE) > 1:
        yield refused("the rule has more than one of path, dir and inode", "write one rule each")


def _called(field: RuleField) -> str:
    if field.field == Field.LOGINUID and field.value == UNSET:
        return "auid with unset"
    return "-C" if field.field == Field.FIELD_COMPARE else field_name(field.field)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
