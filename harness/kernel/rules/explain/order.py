"""All rules held against a call in the kernel's order, and which of them can decide.

The task list has been asked at the fork, and its answer outranks all others. Then the kernel asks
the rules of the exit list that name no file of their own, in order, up to the first that matches;
and for one file of the call after the other, whatever its names are, those with `path=` or
`inode=`, up to the first file that has a match. Of both matches the one that comes first in the
list decides. A deciding rule without a key leaves the key of the other on some kernels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from harness.kernel.rules.checks.refusals import condition
from harness.kernel.rules.explain.conditions import condition_holds
from harness.kernel.rules.explain.seen import Seen, Touched
from harness.kernel.rules.fields import Action, Field, FilterList, Operator
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.matching.field_match import any_holds
from harness.kernel.rules.rule import Rule

SYSCALL = "-S"
"""The reason of a rule that does not name the call."""
AT_FORK = "the task list is asked when a process is forked"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A rule held against a call: whether it matches, None if that cannot be told.

    `why` are the conditions that do not hold, or that cannot be told, as a rule writes them;
    `by_file` the answer for each of several files, for a rule that the kernel asks file by file.
    """

    rule: LoadedRule
    answer: bool | None
    why: tuple[str, ...] = ()
    by_file: tuple[bool | None, ...] = ()

    @property
    def records(self) -> bool:
        """Whether the rule records what it matches."""
        return self.rule.view.rule.action == Action.ALWAYS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may have decided: an attempt, or None for no rule; and the key that the event gets."""

    winner: Attempt | None
    key: bytes | None


def attempts(rules: Sequence[LoadedRule], seen: Seen) -> list[Attempt]:
    """Each rule of the lists that are asked about the call, in order; the task list first."""
    found = [_at_fork(rule, seen) for rule in rules if _list(rule) == FilterList.TASK]
    return found + [_attempt(rule, seen) for rule in rules if _is_asked(rule, seen)]


worded = lru_cache(maxsize=65536)(condition)


def _list(rule: LoadedRule) -> int:
    return rule.view.filter_list


def _is_asked(rule: LoadedRule, seen: Seen) -> bool:
    if seen.where == FilterList.IO_URING and _is_by_file(rule.view.rule):
        return _list(rule) in (FilterList.IO_URING, FilterList.EXIT)
    return _list(rule) == seen.where


def _at_fork(rule: LoadedRule, seen: Seen) -> Attempt:
    at_fork = replace(seen, where=FilterList.TASK)
    for field in rule.view.rule.fields:
        if condition_holds(field, at_fork) is False and _never_holds(field.field):
            return Attempt(rule, False, (worded(field),))
    if not seen.live:
        return Attempt(rule, None, (AT_FORK,))
    return _conditions(rule, at_fork, None)


def _never_holds(field: int) -> bool:
    """Whether a new task lacks the field, so that the condition fails whatever its process was."""
    return field in (Field.ARCH, Field.PPID, Field.EXIT, Field.SUCCESS, Field.SADDR_FAM) or (
        Field.ARG0 <= field <= Field.ARG3
    )


def needs_a_file(rule: Rule) -> bool:
    """Whether a rule never matches a call that touches no file."""
    return _is_by_file(rule) or any(
        field.field == Field.DIR and field.op == Operator.EQUAL for field in rule.fields
    )


def _is_by_file(rule: Rule) -> bool:
    """Whether the kernel asks the rule for each file by itself, and only for files."""
    return any(
        field.field == Field.WATCH or (field.field == Field.INODE and field.op == Operator.EQUAL)
        for field in rule.fields
    )


def _attempt(rule: LoadedRule, seen: Seen) -> Attempt:
    bare = rule.view.rule
    for field in bare.fields:
        if field.field == Field.ARCH and condition_holds(field, seen) is False:
            return Attempt(rule, False, (worded(field),))
    number = 0 if seen.where != _list(rule) else seen.call.number
    if number is not None and not bare.names_syscall(number):
        return Attempt(rule, False, (SYSCALL,))
    unnamed = number is None and not bare.names_every_syscall
    if not _is_by_file(bare) or not seen.names:
        attempt = _conditions(rule, seen, None)
    else:
        attempt = _file_by_file(rule, seen, seen.names)
    if attempt.answer and unnamed:
        return replace(attempt, answer=None, why=(SYSCALL,))
    return attempt


def _file_by_file(rule: LoadedRule, seen: Seen, names: Sequence[Touched]) -> Attempt:
    each = [_conditions(rule, seen, name) for name in names]
    files: dict[object, list[bool | None]] = {}
    for place, (name, attempt) in enumerate(zip(names, each, strict=True)):
        files.setdefault(name.identity or place, []).append(attempt.answer)
    answers = tuple(any_holds(found) for found in files.values())
    answer = any_holds(answers)
    if answer is False and not seen.complete:
        answer = None
    told = next((attempt for attempt in each if attempt.answer is answer), each[-1])
    return Attempt(rule, answer, told.why, answers)


def _conditions(rule: LoadedRule, seen: Seen, one: Touched | None) -> Attempt:
    untold = []
    for field in rule.view.rule.fields:
        answer = condition_holds(field, seen, one)
        if answer is False:
            return Attempt(rule, False, (worded(field),))
        if answer is None:
            untold.append(worded(field))
    return Attempt(rule, None if untold else True, tuple(untold))


def fails_by_name(attempt: Attempt, seen: Seen) -> bool:
    """Whether a rule does not match for a path or a program alone, which may have other names."""
    bare = attempt.rule.view.rule
    if attempt.answer is not False or attempt.why == (SYSCALL,):
        return False
    touches = seen.names is None or any(name.exists for name in seen.names)
    failing = [field for field in bare.fields if condition_holds(field, seen) is False]
    return bool(failing) and all(
        field.field == Field.EXE or (touches and field.field in (Field.WATCH, Field.DIR))
        for field in failing
    )


def outcomes(tried: Sequence[Attempt]) -> list[Outcome]:
    """Everything that may have come of it, as far as the answers leave it open."""
    by_fork: list[Attempt] = []
    rest: list[Attempt] = []
    for attempt in tried:
        is_task = _list(attempt.rule) == FilterList.TASK
        (by_fork if is_task else rest).append(attempt)
    found: list[Outcome] = []
    for task in filter(None, _up_to_first(by_fork)):
        found.append(Outcome(task, None))
        if task.records and task.rule.view.key:
            # The first call of a new process gets the key of the rule.
            found.append(Outcome(task, task.rule.view.key))
        if task.answer:
            return found
    place = {id(attempt): at for at, attempt in enumerate(rest)}
    plain = [attempt for attempt in rest if not _is_by_file(attempt.rule.view.rule)]
    by_file = [attempt for attempt in rest if _is_by_file(attempt.rule.view.rule)]
    for first in _up_to_first(plain):
        for other in _of_files(by_file):
            found += _decided(first, other, place)
    return list(dict.fromkeys(found))


def _up_to_first(tried: Sequence[Attempt]) -> Iterator[Attempt | None]:
    """Those of a list that may be its first match; None at the end, if there may be no match."""
    for attempt in tried:
        if attempt.answer is not False:
            yield attempt
        if attempt.answer:
            return
    yield None


def _of_files(tried: Sequence[Attempt]) -> Iterator[Attempt | None]:
    """The same for the rules that are asked file by file: the first file that has a match."""
    count = max((len(attempt.by_file) for attempt in tried), default=0)
    if count < 2:
        yield from _up_to_first(tried)
        return
    for at in range(count):
        for attempt in tried:
            answer = attempt.by_file[at] if attempt.by_file else attempt.answer
            if answer is not False:
                yield attempt
            if answer:
                return
    for attempt in tried:
        if attempt.answer is None and not any(attempt.by_file):
            yield attempt
    yield None


def _decided(
    first: Attempt | None, other: Attempt | None, place: dict[int, int]
) -> Iterator[Outcome]:
    key = (first.rule.view.key or None) if first else None
    if other is None or (first is not None and place[id(first)] < place[id(other)]):
        yield Outcome(first, key)
        return
    own = other.rule.view.key or None
    yield Outcome(other, own)
    if own is None and key is not None:
        yield Outcome(other, key)
