"""Which rules of a set can match what a load does, and what hinders each of the others.

The kernel's order: the task list at the fork, the exit list in order of evaluation up to the first
match, the exclude list on every record. A rule that depends on something unknown can match. The
hindrance of a rule is the condition at which the call that comes furthest fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.kernel.rules.fields import RECORD_FILTER_FIELDS, Action, Field, FilterList
from harness.kernel.rules.matching.field_match import Call, field_holds
from harness.kernel.rules.rule import Rule

CAN_MATCH = ""
EARLIER = "earlier"
"""A rule before it matches every call that this one could."""
CALL = "call"
RECORD = "record"
"""A rule on records, and there is no event that could have any."""
MESSAGE = "message"
"""A rule on messages of programs, and a load sends none."""
IO_URING = "io_uring"
OFF = "off"
"""Audit is switched off."""
UNREAD = "field"
"""On the exclude list: a field that the kernel does not evaluate there, and stops at."""
_REASONS: dict[int, str] = {
    Field.LOGINUID: "auid",
    Field.LOGINUID_SET: "auid",
    Field.WATCH: "path",
    Field.DIR: "path",
    Field.INODE: "path",
    Field.FIELD_COMPARE: "-C",
    Field.ARG0: "a0",
    Field.ARG1: "a1",
    Field.ARG2: "a2",
    Field.ARG3: "a3",
}
RECORD_TYPES = (1300, 1302, 1306, 1307, 1309, 1317, 1320, 1321, 1323, 1327)
"""SYSCALL, PATH, SOCKADDR, CWD, EXECVE, FD_PAIR, EOE, BPRM_FCAPS, MMAP, PROCTITLE: an event's."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A rule held against a call: the answer, and if it is no, the condition that failed first."""

    answer: bool | None
    progress: int = 0
    reason: str = CAN_MATCH


_OTHER_ARCH = _Attempt(False, 0, "arch")
_NOT_NAMED = _Attempt(False, 1, CALL)


def hindrances(rules: Iterable[Rule], calls: Sequence[Call]) -> list[str]:
    """Per rule, in order: CAN_MATCH, or what hinders it from matching any of the calls.

    `rules` are in the order in which the kernel lists them. Hindrances are names of fields as in
    rules (`auid`, `path`, `exe`, `-C`, `arch`, …), CALL, RECORD, MESSAGE, IO_URING, UNREAD or
    EARLIER.
    """
    listed = list(rules)
    by_list: dict[int, list[int]] = {}
    for place, rule in enumerate(listed):
        by_list.setdefault(rule.filter_list, []).append(place)

    def walk(where: FilterList, wanted: Sequence[Call]) -> dict[int, str]:
        places = by_list.get(where, [])
        return dict(zip(places, _walk([listed[p] for p in places], wanted, where), strict=True))

    forks = [replace(call, number=None) for call in calls[:1]]
    found = walk(FilterList.TASK, forks)
    if any(_decides(listed[place], forks) for place in found):
        found |= dict.fromkeys(by_list.get(FilterList.EXIT, []), EARLIER)
    else:
        found |= walk(FilterList.EXIT, calls)
    recorded = any(
        reason == CAN_MATCH and listed[place].action == Action.ALWAYS
        for place, reason in found.items()
    )
    found |= walk(FilterList.EXCLUDE, _records(calls) if recorded else ())
    found |= _by_kind(by_list, touches=any(call.paths != () for call in calls))
    return [found[place] for place in range(len(listed))]


def _by_kind(by_list: dict[int, list[int]], *, touches: bool) -> dict[int, str]:
    """The rules of the lists that a load meets with all it does, or not at all."""
    kinds = {
        FilterList.USER: MESSAGE,
        FilterList.IO_URING: IO_URING,
        FilterList.FILESYSTEM: CAN_MATCH if touches else "path",
    }
    return {place: kinds[kind] for kind in kinds for place in by_list.get(kind, [])}


def _decides(rule: Rule, forks: Sequence[Call]) -> bool:
    """Whether a rule of the task list certainly matches, so that the exit list has no say."""
    return any(_attempt(rule, call, FilterList.TASK).answer for call in forks)


def _records(calls: Sequence[Call]) -> list[Call]:
    """The records that the calls can have, each type of each program once."""
    by_program = {call.exe: call for call in calls}
    return [
        replace(call, known={**call.known, "msgtype": kind})
        for call in by_program.values()
        for kind in RECORD_TYPES
    ]


def _walk(rules: Sequence[Rule], calls: Sequence[Call], where: FilterList) -> list[str]:
    """The hindrances of the rules of one list, in its order; what matched is taken."""
    kinds = _kinds(calls)
    taken: set[int] = set()
    ended = False
    found: list[str] = []
    for rule in rules:
        if ended:
            found.append(EARLIER)
            continue
        if where == FilterList.EXCLUDE and _ends_the_walk(rule):
            ended = True
            found.append(UNREAD)
            continue
        attempts = _attempts(rule, calls, kinds, where)
        found.append(_hindrance(attempts, taken, where))
        taken |= {place for place, attempt in enumerate(attempts) if attempt.answer}
    return found


def _hindrance(attempts: Sequence[_Attempt], taken: set[int], where: FilterList) -> str:
    matching = {place for place, attempt in enumerate(attempts) if attempt.answer is not False}
    if matching - taken:
        return CAN_MATCH
    if matching:
        return EARLIER
    if not attempts:
        return RECORD if where == FilterList.EXCLUDE else CALL
    return max(attempts, key=lambda attempt: attempt.progress).reason


def _ends_the_walk(rule: Rule) -> bool:
    return any(field.field not in RECORD_FILTER_FIELDS for field in rule.fields)


def _kinds(calls: Sequence[Call]) -> list[list[int]]:
    """The places of calls that differ in their numbers only: conditions hold for all or none."""
    kinds: dict[tuple[object, ...], list[int]] = {}
    for place, call in enumerate(calls):
        # Without known access, `perm=` depends on the number.
        own = call.number if call.access is None or call.number is None else -1
        known = tuple(sorted(call.known.items()))
        kind = (call.arch, call.exe, known, call.paths, call.access, call.errors, call.groups, own)
        kinds.setdefault(kind, []).append(place)
    return list(kinds.values())


def _attempts(
    rule: Rule, calls: Sequence[Call], kinds: Sequence[Sequence[int]], where: FilterList
) -> list[_Attempt]:
    """One for each call."""
    found = [_NOT_NAMED] * len(calls)
    for kind in kinds:
        # The mask of a rule for another arch names the calls of that arch.
        if _of_another_arch(rule, calls[kind[0]], where):
            named, attempt = kind, _OTHER_ARCH
        else:
            named = [at for at in kind if where != FilterList.EXIT or _names(rule, calls[at])]
            attempt = _attempt(rule, calls[named[0]], where) if named else _NOT_NAMED
        for place in named:
            found[place] = attempt
    return found


def _of_another_arch(rule: Rule, call: Call, where: FilterList) -> bool:
    arch = (field for field in rule.fields if field.field == Field.ARCH)
    return any(field_holds(field, call, where) is False for field in arch)


def _attempt(rule: Rule, call: Call, where: FilterList) -> _Attempt:
    unknown = where == FilterList.EXIT and call.number is None
    for place, field in enumerate(rule.fields):
        answer = field_holds(field, call, where)
        if answer is False:
            return _Attempt(False, 2 + place, _reason_of(field.field))
        unknown = unknown or answer is None
    return _Attempt(None if unknown else True)


def _names(rule: Rule, call: Call) -> bool:
    return any(rule.mask) if call.number is None else rule.names_syscall(call.number)


def _reason_of(field: int) -> str:
    """The field as a rule writes it."""
    known = field in Field.__members__.values()
    return _REASONS.get(field, Field(field).name.lower() if known else f"f{field}")
