"""Whether a rule set records a syscall for certain. Three answers: yes, no, it depends.

Follows the kernel's order (task list at the fork, first match of the exit list, exclude list on
the SYSCALL record) for a successful call by a root process. A rule that depends on something
unknown makes the answer None, never a guess. The machine is examined only for `exe`, which the
kernel compares by inode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.kernel.rules.fields import ARCH_NUMBERS, RECORD_FILTER_FIELDS, Action, FilterList
from harness.kernel.rules.matching.field_match import Call, all_hold, field_holds
from harness.kernel.rules.rule import Rule

_ROOT = {
    **dict.fromkeys(("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"), 0),
    "success": 1,
}


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
    call = Call(number, syscall_nr, exe, values)
    rules = list(rules)
    outcomes = _recorded(rules, call, syscall_nr)
    if True in outcomes:
        excluding = [rule for rule in rules if rule.filter_list == FilterList.EXCLUDE]
        dropped = drops_the_record(excluding, call)
        outcomes = outcomes - {True} | {not drop for drop in dropped}
    return None if len(outcomes) > 1 else outcomes.pop()


def _recorded(rules: list[Rule], call: Call, number: int) -> set[bool]:
    """The possible outcomes of the call: recorded, not recorded, or either."""
    outcomes: set[bool] = set()
    for wanted in (FilterList.TASK, FilterList.EXIT):
        for rule in rules:
            if rule.filter_list != wanted:
                continue
            if wanted == FilterList.EXIT and not rule.names_syscall(number):
                continue
            match = all_hold(field_holds(field, call, wanted) for field in rule.fields)
            if match is not False:
                outcomes.add(rule.action == Action.ALWAYS)
            if match is True:
                return outcomes
    return outcomes | {False}


def drops_the_record(rules: Iterable[Rule], call: Call) -> set[bool]:
    """Whether these rules of the exclude list drop the SYSCALL record, and with it the event.

    Both answers where it depends on something unknown; `audit_filter` of `auditfilter.c`.
    """
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
            match = all_hold((match, field_holds(field, call, FilterList.EXCLUDE)))
            if match is False:
                break
        if match is not False:
            outcomes.add(True)
        if match is True:
            return outcomes
    return outcomes | {False}
