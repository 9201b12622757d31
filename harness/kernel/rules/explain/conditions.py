"""Whether one condition of a rule holds for a call that was seen: yes, no, or it cannot be told.

As `audit_filter_rules` of the kernel does it. What a plan for a load cannot know and an event
shows is decided here: files, accesses, owners. All else is `matching/field_match.py`.
"""

from __future__ import annotations

import os
import platform
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from harness.kernel.rules.explain.access import perm_holds
from harness.kernel.rules.explain.names import is_below, is_named, is_program
from harness.kernel.rules.explain.seen import Seen, Touched
from harness.kernel.rules.fields import COMPARISONS, Field, FilterList, Operator
from harness.kernel.rules.matching.field_match import Call, any_holds, field_holds
from harness.kernel.rules.rule import RuleField

_COMPARED = {
    "obj_uid": "ouid",
    "obj_gid": "ogid",
}
_RESULTS = frozenset({Field.EXIT, Field.SUCCESS})
_OF_RELEASE = re.compile(r"(\d{1,4})\.(\d{1,4})")


def condition_holds(field: RuleField, seen: Seen, one: Touched | None = None) -> bool | None:
    """Whether a condition holds; of `one` file, where the kernel asks for each by itself."""
    if seen.where == FilterList.TASK:
        return field_holds(field, seen.call, seen.where)
    special = _SPECIAL.get(field.field)
    if special is not None:
        return special(field, seen, one)
    if field.field in _RESULTS and not seen.returned:
        return False
    return field_holds(field, seen.call, seen.where)


def _of_names(
    seen: Seen, one: Touched | None, holds: Callable[[Touched], bool | None]
) -> bool | None:
    """Whether it holds for the file, or for one of all."""
    if one is not None:
        return holds(one)
    if seen.names is None:
        return None
    answer = any_holds(holds(each) for each in seen.names)
    return None if answer is False and not seen.complete else answer


def _path(field: RuleField, seen: Seen, one: Touched | None) -> bool | None:
    named = os.fsdecode(field.text)
    return _of_names(seen, one, lambda touched: is_named(named, touched, seen))


def _dir(field: RuleField, seen: Seen, _one: Touched | None) -> bool | None:
    named = os.fsdecode(field.text)
    answer = _of_names(seen, None, lambda touched: is_below(named, touched, seen))
    return answer if answer is None or field.op == Operator.EQUAL else not answer


def _exe(field: RuleField, seen: Seen, _one: Touched | None) -> bool | None:
    if seen.live or seen.call.exe is None:
        return field_holds(field, seen.call, seen.where)
    answer = is_program(os.fsdecode(field.text), seen.call.exe, seen)
    return answer if answer is None or field.op == Operator.EQUAL else not answer


def _perm(field: RuleField, seen: Seen, _one: Touched | None) -> bool | None:
    if seen.where == FilterList.IO_URING:
        return None
    answer = perm_holds(field.number, seen, _release() if seen.live else None)
    return answer if answer is None or field.op == Operator.EQUAL else not answer


def _number(name: str) -> Callable[[RuleField, Seen, Touched | None], bool | None]:
    """The condition on a number of a PATH record."""

    def holds(field: RuleField, seen: Seen, one: Touched | None) -> bool | None:
        return _of_names(seen, one, lambda touched: _compared(field, touched.known.get(name)))

    return holds


def _device(which: str) -> Callable[[RuleField, Seen, Touched | None], bool | None]:
    """The condition on the device of a file, or the device that it is."""

    def holds(field: RuleField, seen: Seen, one: Touched | None) -> bool | None:
        return _of_names(
            seen,
            one,
            lambda touched: any_holds(
                _compared(field, touched.known.get(f"{kind}{which}")) for kind in ("dev", "rdev")
            ),
        )

    return holds


def _filetype(field: RuleField, seen: Seen, _one: Touched | None) -> bool | None:
    def holds(touched: Touched) -> bool | None:
        mode = touched.known.get("mode")
        return None if mode is None else stat.S_IFMT(mode) == field.number

    return _of_names(seen, None, holds)


def _two_fields(field: RuleField, seen: Seen, _one: Touched | None) -> bool | None:
    left, right = COMPARISONS.get(field.number, ("", ""))
    if right not in _COMPARED:
        return field_holds(field, seen.call, seen.where)
    value = seen.call.known.get(left)
    if value is None:
        return None
    # The kernel asks all files of the call here, also where it looks at one.
    return _of_names(
        seen,
        None,
        lambda touched: _compared(
            replace(field, field=Field.UID, value=value), touched.known.get(_COMPARED[right])
        ),
    )


def _compared(field: RuleField, number: int | None) -> bool | None:
    """A number against the condition's; the process's own id serves as a field of any name."""
    if number is None:
        return None
    alone = Call(0, None, None, {"uid": number})
    return field_holds(replace(field, field=Field.UID), alone, FilterList.EXIT)


@cache
def _release() -> tuple[int, int] | None:
    found = _OF_RELEASE.match(platform.release())
    return (int(found[1]), int(found[2])) if found else None


_SPECIAL: dict[int, Callable[[RuleField, Seen, Touched | None], bool | None]] = {
    Field.WATCH: _path,
    Field.DIR: _dir,
    Field.EXE: _exe,
    Field.PERM: _perm,
    Field.INODE: _number("inode"),
    Field.OBJ_UID: _number("ouid"),
    Field.OBJ_GID: _number("ogid"),
    Field.DEVMAJOR: _device("major"),
    Field.DEVMINOR: _device("minor"),
    Field.FILETYPE: _filetype,
    Field.FIELD_COMPARE: _two_fields,
}
