"""Rules that every syscall pays for, and rules that could be one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from harness.kernel.rules.fields import (
    ARCH_32,
    KEY_SEPARATOR,
    PERMISSION_BITS,
    Field,
    FilterList,
)
from harness.kernel.rules.libaudit import libaudit
from harness.kernel.rules.lint.finding import Finding, Kind, listed
from harness.kernel.rules.lint.pairs import Budget
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.words import shown

EVERYTHING = Kind(
    "every-event",
    "warning",
    "a rule that records every syscall",
    "Each syscall of each program becomes an event; no log or daemon keeps up with that.",
)
EVERY_SYSCALL = Kind(
    "every-syscall",
    "note",
    "a rule on all syscalls",
    "Its conditions are compared at every syscall of every program, whether they hold or not.",
)
DIRECTORY = Kind(
    "directory-watch",
    "note",
    "a directory watch on all syscalls",
    "Unlike a watch on a file, a directory is compared at every syscall of every program.",
)
MERGEABLE = Kind(
    "mergeable",
    "note",
    "rules that differ in their syscalls only",
    "Each rule of the exit list is one more comparison at every syscall; one -S list is one rule.",
)
KINDS = (EVERYTHING, EVERY_SYSCALL, DIRECTORY, MERGEABLE)
_IN_HASH = (Field.WATCH, Field.INODE)
"""Rules with these are found by inode, and cost nothing where no such file is used."""
_NAMED = 6
_MOST_NAMES = 12


def taxing(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """The rules that are compared at every syscall.

    Nothing is said of `-F arch=b32 -S all` alone: where no program should be a 32-bit one, it is
    the way to say so.
    """
    recorded = _recorded_calls(rules)
    for rule in rules:
        view = rule.view
        if view.filter_list != FilterList.EXIT or not view.every:
            continue
        if any(view.has(number) for number in _IN_HASH):
            continue
        if Field.DIR in view.texts:
            yield Finding(DIRECTORY, rule.place, *_directory(rule))
        elif not view.shape and view.records and view.arch is None:
            reason = "the rule has no condition and records every syscall of every program"
            yield Finding(EVERYTHING, rule.place, reason, "name syscalls by -S, or add conditions")
        elif view.shape or (view.records and view.arch not in ARCH_32.values()):
            remedy = "name the syscalls that are meant by -F arch= and -S"
            if not view.records and recorded:
                remedy = f"name those that are recorded: -F arch=b64 -S {recorded}"
            reason = "the rule names no syscalls and is compared at every syscall of every program"
            yield Finding(EVERY_SYSCALL, rule.place, reason, remedy)


def _directory(rule: LoadedRule) -> tuple[str, str]:
    folder = shown(rule.view.texts[Field.DIR])
    reason = f"the watch of the directory {folder} is compared at every syscall of every program"
    bits = rule.view.perm
    if bits is None or not rule.view.records:
        return reason, "name the syscalls that are meant by -F arch= and -S"
    if rule.view.arch is not None:
        return reason, "load it with auditctl 4, which narrows it to the calls of perm=, or add -S"
    if len(rule.view.shape) > 2:
        return reason, (
            "put -F arch=b64 first, and the same with b32: auditctl 4 narrows that to the calls of "
            "perm=; before auditctl 4 add -S, too"
        )
    letters = "".join(letter for letter, bit in PERMISSION_BITS.items() if bits & bit)
    key = rule.view.key.split(KEY_SEPARATOR)[0].rstrip()
    named = f" -F key={shown(key)}" if key else ""
    return reason, (
        f"write -a always,exit -F arch=b64 -F dir={folder} -F perm={letters}{named}, and the same "
        "for b32: auditctl 4 narrows that to the calls of perm=; before auditctl 4 add -S, too"
    )


def _recorded_calls(rules: Sequence[LoadedRule]) -> str:
    """The 64-bit syscalls that rules record by name, if they are few; else nothing."""
    library = libaudit()
    names: dict[str, None] = {}
    for rule in rules:
        view = rule.view
        if view.filter_list != FilterList.EXIT or not view.records:
            continue
        if view.every:
            return ""
        if view.arch is None or view.arch < 1 << 31:
            continue
        machine = library.machine_of_arch(view.arch)
        for number in view.rule.syscalls():
            names.setdefault(library.syscall_name(number, machine) or str(number))
    return ",".join(names) if len(names) <= _MOST_NAMES else ""


def mergeable(rules: Sequence[LoadedRule], budget: Budget) -> Iterator[Finding]:
    """Groups of exit rules that one -S list would make one rule, in the order of the file."""
    for group in merge_groups(rules, budget):
        if len(group) > 1:
            others = [rule.place for rule in group[1:]]
            places = listed(others, group[0].place)
            yield Finding(
                MERGEABLE,
                group[0].place,
                f"the rule differs from {places} in its syscalls only",
                "name all of them in one -S list, separated by commas",
                tuple(others[:_NAMED]),
            )


def merge_groups(rules: Sequence[LoadedRule], budget: Budget) -> Iterator[list[LoadedRule]]:
    """Rules alike but for their syscalls, where moving the later ones up changes nothing."""
    alike: dict[object, list[int]] = defaultdict(list)
    for at, rule in enumerate(rules):
        view = rule.view
        if view.filter_list == FilterList.EXIT and not view.every:
            alike[view.records, view.arch, view.shape, view.key].append(at)
    for places in alike.values():
        group = [places[0]]
        for at in places[1:]:
            budget.spend(at - places[0])
            if _may_move(rules, places[0], at):
                group.append(at)
        yield [rules[at] for at in group]


def _may_move(rules: Sequence[LoadedRule], first: int, at: int) -> bool:
    """Whether a rule may come right after another: none between decides on its events otherwise."""
    mine = rules[at].view
    return all(
        (other.view.records, other.view.key) == (mine.records, mine.key)
        or other.view.is_apart(mine)
        for other in rules[first + 1 : at]
    )
