"""Rules of the lists task, exclude and filesystem that do more, or less, than they seem to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.kernel.rules.fields import Action, Field, FilterList, Operator
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.parsed import LoadedRule

NO_CONTEXT = Kind(
    "task-never",
    "warning",
    "-a never,task beside rules for syscalls",
    "A process forked under it is outside of audit for its whole life: no exit rule, no watch.",
)
ALWAYS = Kind(
    "task-always",
    "warning",
    "-a always,task",
    "Every syscall of a process forked under it is recorded, and no exclusion takes that back.",
)
AT_FORK = Kind(
    "task-at-fork",
    "note",
    "a task rule by user, login or session",
    "The list is asked once, at the fork, about the parent: a later login or setuid changes "
    "nothing.",
)
EXCLUDED_SYSCALL = Kind(
    "exclude-syscall",
    "warning",
    "records of type SYSCALL excluded",
    "Without its SYSCALL record the kernel drops a whole event, silently and uncounted.",
)
FILESYSTEM = Kind(
    "filesystem-always",
    "warning",
    "-a always,filesystem",
    "The list knows never only: files of that file system are left out of events.",
)
KINDS = (NO_CONTEXT, ALWAYS, AT_FORK, EXCLUDED_SYSCALL, FILESYSTEM)
_SYSCALL_RECORD = 1300
_CHANGING = frozenset(
    {Field.UID, Field.EUID, Field.SUID, Field.FSUID, Field.GID, Field.EGID, Field.SGID}
    | {Field.FSGID, Field.LOGINUID, Field.SESSIONID, Field.PID}
)


def list_findings(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """What is wrong with rules of these lists."""
    exits = [rule for rule in rules if rule.view.filter_list == FilterList.EXIT]
    for rule in rules:
        if rule.view.filter_list == FilterList.TASK:
            yield from _of_task(rule, exits)
        elif rule.view.filter_list == FilterList.EXCLUDE and _excludes_syscall(rule):
            reason = "records of type SYSCALL are excluded, and with them whole events"
            yield Finding(EXCLUDED_SYSCALL, rule.place, reason, "use -a never,exit for events")
        elif rule.view.filter_list == FilterList.FILESYSTEM and rule.view.records:
            reason = "always has no effect on the list filesystem"
            yield Finding(FILESYSTEM, rule.place, reason, "write -a never,filesystem, or delete it")


def _of_task(rule: LoadedRule, exits: Sequence[LoadedRule]) -> Iterator[Finding]:
    view = rule.view
    if view.rule.action == Action.ALWAYS:
        reason = "every syscall of a process forked under it is recorded, whatever exit rules say"
        yield Finding(ALWAYS, rule.place, reason, "record by rules of the exit list")
    elif not view.rule.fields:
        if exits:
            said = counted(len(exits), "exit rule")
            reason = f"no process forked from now on is audited, in spite of {said}"
            yield Finding(
                NO_CONTEXT, rule.place, reason, "delete the line, or all others", (exits[0].place,)
            )
    elif any(field.field in _CHANGING for field in view.rule.fields):
        reason = "the rule is asked at the fork, about the parent, and never again"
        yield Finding(AT_FORK, rule.place, reason, "exclude by -a never,exit what may change later")


def _excludes_syscall(rule: LoadedRule) -> bool:
    fields = rule.view.rule.fields
    return (
        len(fields) == 1
        and fields[0].field == Field.MSGTYPE
        and any(low <= _SYSCALL_RECORD <= high for low, high in rule.view.allowed[Field.MSGTYPE])
        and fields[0].op != Operator.NOT_EQUAL
    )
