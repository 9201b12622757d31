"""The value of `-a`, `-A` and `-d`: an action and a list, in either order, as for auditctl."""

from __future__ import annotations

from harness.errors import UsageError
from harness.kernel.rules.fields import LIST_NUMBERS, Action
from harness.kernel.rules.warning import RuleWarning
from harness.kernel.rules.words import Option, shown

NO_LIST = 0x80
"""auditctl's AUDIT_FILTER_UNSET: no -a, -A, -d, -w or -W yet."""
_ACTIONS = {b"always": Action.ALWAYS, b"never": Action.NEVER}
_OBSOLETE = b"possible"


class ObsoleteActionError(Exception):
    """The line asks for the action "possible", for which auditctl ignores the line."""


def obsolete(option: Option) -> RuleWarning:
    """The warning about a line that is ignored for its action."""
    return RuleWarning(
        "possible",
        f"{option.name} {shown(option.value)} asks for an action the kernel gave up in 2006, and "
        "auditctl ignores the line",
        "remove the line",
    )


def list_and_action(option: Option, filter_list: int, action: Action | None) -> tuple[int, Action]:
    """The list and action of a value, starting from those that a `-w` before it may have set.

    auditctl's `audit_rule_setup`. Raises `UsageError` for a value that lacks either, and
    `ObsoleteActionError` where auditctl ignores the line.
    """
    first, comma, second = option.value.partition(b",")
    if not comma or b"," in second:
        raise _bad_list(option)
    if first in _ACTIONS:
        action = _ACTIONS[first]
    elif first != _OBSOLETE:
        filter_list = _list_number(first)
        if filter_list == NO_LIST:
            raise _bad_list(option)
    if filter_list == NO_LIST:
        filter_list = _list_number(second)
    elif second == _OBSOLETE:
        raise ObsoleteActionError
    elif second in _ACTIONS:
        action = _ACTIONS[second]
    else:
        raise _bad_list(option)
    if filter_list == NO_LIST or action is None:
        raise _bad_list(option)
    return filter_list, action


def _list_number(name: bytes) -> int:
    return LIST_NUMBERS.get(name.decode("ascii", "replace"), NO_LIST)


def _bad_list(option: Option) -> UsageError:
    return UsageError(
        f"{option.name} {shown(option.value)} is not an action and a list",
        remedy=f"write always or never, a comma, and one of {', '.join(LIST_NUMBERS)}",
    )
