"""Which rule of a file wrote which events of a log, as far as the records can tell.

The kernel writes the keys of the rule that matched into the SYSCALL record, and not which rule it
was. So: rules of exactly these keys, for this system call, minus those whose conditions on arch,
program, uid, auid and exit code do not hold; of what is left the first that certainly matches, as
the kernel stops there. Paths, permissions of a watch on other architectures, labels and arguments
are not decided: several rules may remain, and are then named together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.kernel.rules.fields import (
    ALL_SYSCALLS,
    KEY_SEPARATOR,
    Action,
    Field,
    FilterList,
)
from harness.kernel.rules.matching.match import certainly_audited
from harness.kernel.rules.rule import Rule, RuleField

_DECIDED = frozenset(
    {
        *(Field.ARCH, Field.EXE, Field.EXIT, Field.SUCCESS, Field.PERM),
        *(Field.LOGINUID, Field.LOGINUID_SET, Field.UID, Field.FILTERKEY),
    }
)


@dataclass(slots=True)
class Credit:
    """Events of one rule, of several that cannot be told apart, or (`rules` empty) of none."""

    rules: tuple[int, ...]
    events: int = 0
    records: int = 0
    bytes: int = 0


def credit_rules(rules: Iterable[Rule], shapes: Iterable[Mapping[str, Any]]) -> list[Credit]:
    """Distribute the system calls of a log over rules, given in evaluation order.

    `shapes` are the documents of `consumer.log.tables.shapes`. The result has every rule that can
    write events, also those without any, by falling count; `rules` are places in what was given.
    """
    rules, shapes = tuple(rules), tuple(shapes)
    credits: dict[tuple[int, ...], Credit] = {
        (place,): Credit((place,)) for place, rule in enumerate(rules) if _writes(rule)
    }
    for shape, found in zip(shapes, writers(rules, shapes), strict=True):
        credit = credits.setdefault(found, Credit(found))
        credit.events += shape["events"]
        credit.records += shape["records"]
        credit.bytes += shape["bytes"]
    return sorted(credits.values(), key=lambda credit: (-credit.events, credit.rules))


def writers(rules: Sequence[Rule], shapes: Iterable[Mapping[str, Any]]) -> list[tuple[int, ...]]:
    """For each of these system calls the places of the rules that may have written it."""
    by_keys: dict[bytes | None, list[int]] = {}
    for place, rule in enumerate(rules):
        if _writes(rule):
            by_keys.setdefault(_keys(rule), []).append(place)
    return [
        tuple(place for place, _ in matching_rules(rules, by_keys.get(shape["key"], ()), shape))
        for shape in shapes
    ]


def exit_rules(rules: Sequence[Rule], number: int) -> tuple[int, ...]:
    """The places of the rules of the exit list that name a system call."""
    return tuple(
        at
        for at, rule in enumerate(rules)
        if rule.filter_list == FilterList.EXIT and rule.names_syscall(number)
    )


def _writes(rule: Rule) -> bool:
    return rule.filter_list == FilterList.EXIT and rule.action == Action.ALWAYS


def _keys(rule: Rule) -> bytes | None:
    keys = [part.text for part in rule.fields if part.field == Field.FILTERKEY]
    return KEY_SEPARATOR.join(keys) if keys else None


def matching_rules(
    rules: Sequence[Rule], places: Iterable[int], shape: Mapping[str, Any]
) -> Iterator[tuple[int, bool]]:
    """The rules at these places that may decide on these calls, whatever key their events have.

    In order, up to the first that certainly matches: each place, and whether it does for certain.
    """
    for place in places:
        rule = rules[place]
        if not rule.names_syscall(shape["number"]):
            continue
        answers = {_holds(part, shape) for part in rule.fields}
        if False in answers:
            continue
        yield place, None not in answers
        if None not in answers:
            return


def _holds(part: RuleField, shape: Mapping[str, Any]) -> bool | None:
    """Whether one condition holds for these system calls; None: the records do not tell."""
    if part.field not in _DECIDED:
        return None
    exit_code = shape["exit"]
    known = {name: shape[name] for name in ("auid", "uid") if shape[name] is not None}
    needed: dict[int, str] = {Field.LOGINUID: "auid", Field.LOGINUID_SET: "auid", Field.UID: "uid"}
    if part.field in needed and needed[part.field] not in known:
        return None
    if exit_code is None and part.field in (Field.EXIT, Field.SUCCESS):
        return None
    if exit_code is not None:
        known["success"] = int(exit_code == 0)
        if exit_code:
            known["exit"] = exit_code
    exe = shape["exe"].decode("utf-8", "surrogateescape") if shape["exe"] else None
    alone = Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS, (part,))
    return certainly_audited([alone], shape["arch"], shape["number"], exe, known=known)
