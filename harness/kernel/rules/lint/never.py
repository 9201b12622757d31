"""Rules that no event can match: conditions that contradict each other, impossible values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.kernel.rules.checks.refusals import condition
from harness.kernel.rules.fields import Field, Operator
from harness.kernel.rules.lint.conditions import contradiction
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.syscall_access import perm_matches

CONTRADICTION = Kind(
    "contradiction",
    "warning",
    "conditions that no event fulfils together, or an impossible value",
    "All conditions of a rule must hold, so the rule never matches.",
)
POSITIVE_ERRNO = Kind(
    "exit-positive",
    "warning",
    "exit compared with an errno without its minus",
    "An error is a negative result: EACCES without minus is the success 13.",
)
PERM_MISMATCH = Kind(
    "perm-never",
    "warning",
    "perm= with syscalls that never have this access",
    "The kernel looks up whether the syscall belongs to the access, and these never match; "
    "auditctl 4 also adds all syscalls that have the access, and those match.",
)
KINDS = (CONTRADICTION, POSITIVE_ERRNO, PERM_MISMATCH)
_ERRNO = re.compile(r"exit(?:=|!=)(E[A-Z0-9]+)\b")


def never_matching(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """The rules that can never match, or match something else than an error."""
    for rule in rules:
        fields = contradiction(rule.view.rule)
        if fields:
            told = " and ".join(condition(field) for field in fields)
            verb = "contradict each other" if len(fields) > 1 else "can never hold"
            if len(fields) > 1 and len({field.field for field in fields}) == 1:
                verb = "never hold together"
            reason = f"{told} {verb}, so the rule never matches"
            yield Finding(CONTRADICTION, rule.place, reason, "correct the values")
        elif _perm_never(rule):
            effect = "it never matches"
            if rule.view.rule.mask != rule.named:
                effect = "it matches only the syscalls that auditctl here adds for perm="
            reason = f"no syscall that it names has the access that perm= asks for, so {effect}"
            yield Finding(PERM_MISMATCH, rule.place, reason, "leave out perm= or the syscalls")
        named = _ERRNO.search(rule.text)
        if named and rule.view.has(Field.EXIT):
            reason = f"exit={named[1]} is the success of that number, not the error {named[1]}"
            yield Finding(POSITIVE_ERRNO, rule.place, reason, f"write exit=-{named[1]}")


def _perm_never(rule: LoadedRule) -> bool:
    view = rule.view
    if view.every or view.arch is None or not view.by_syscall:
        return False
    perms = [field for field in view.rule.fields if field.field == Field.PERM]
    if not any(field.op == Operator.EQUAL for field in perms) or view.perm is None:
        return False
    numbers = replace(view.rule, mask=rule.named).syscalls()
    matches = [perm_matches(view.arch, number, view.perm) for number in numbers]
    return bool(matches) and all(answer is False for answer in matches)
