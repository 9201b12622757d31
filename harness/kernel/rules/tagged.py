"""Rules whose keys tell which of them wrote an event, also where the file's own keys do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.kernel.rules.fields import (
    LISTS_WITH_SYSCALLS,
    MAX_FIELDS,
    Action,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.rule import Rule, RuleField

_TAG = "auditbench-"


def tag_of(place: int) -> str:
    """The key of the rule at this place."""
    return f"{_TAG}{place}"


def place_of(tag: str | None) -> int | None:
    """The place that a key names; None for a key that is no tag."""
    digits = (tag or "").removeprefix(_TAG)
    return int(digits) if digits != tag and digits.isdecimal() else None


def tagged(rules: Iterable[Rule]) -> list[Rule]:
    """The same rules, each on a list that writes keys with its own key.

    What a rule matches does not depend on its key. One that has no room for a key stays as it is.
    """
    return [_with_key(rule, tag_of(place)) for place, rule in enumerate(rules)]


def unhidden(rules: Sequence[Rule]) -> list[Rule]:
    """Tagged rules that record also what these keep back, so that its key tells which rule does.

    Exclusions of the lists with system calls record instead; never-rules of the task list and
    rules of the exclude list are left out.
    """
    return [
        replace(rule, action=Action.ALWAYS) if rule.filter_list in LISTS_WITH_SYSCALLS else rule
        for rule in tagged(rules)
        if not _hides_alone(rule)
    ]


def silenced(rules: Iterable[Rule]) -> list[Rule]:
    """The same rules with each recording one of the lists with system calls made an exclusion.

    The kernel compares the same conditions in the same order and stops at the same rule, and writes
    no event. Of rules that become equal only the first is left: the kernel refuses the others.
    """
    silent = (
        replace(rule, action=Action.NEVER) if rule.filter_list in LISTS_WITH_SYSCALLS else rule
        for rule in rules
    )
    return list({rule.to_bytes(): rule for rule in silent}.values())


def hiding(rules: Sequence[Rule]) -> list[int]:
    """The places of the rules that keep events back, other than by matching before others."""
    return [place for place, rule in enumerate(rules) if _hides_alone(rule)]


def hides_anything(rules: Iterable[Rule]) -> bool:
    """Whether any rule keeps back what another would record."""
    return any(rule.action == Action.NEVER or _hides_alone(rule) for rule in rules)


def _hides_alone(rule: Rule) -> bool:
    never = rule.action == Action.NEVER
    return rule.filter_list == FilterList.EXCLUDE or (never and rule.filter_list == FilterList.TASK)


def _with_key(rule: Rule, key: str) -> Rule:
    if rule.filter_list not in LISTS_WITH_SYSCALLS:
        return rule
    others = tuple(_without_keys(rule.fields))
    if len(others) >= MAX_FIELDS:
        return rule
    return replace(rule, fields=(*others, RuleField(Field.FILTERKEY, Operator.EQUAL, key.encode())))


def _without_keys(fields: Iterable[RuleField]) -> Iterator[RuleField]:
    return (field for field in fields if field.field != Field.FILTERKEY)
