"""From rules and a log to proposals: narrow exclusions, directory watches by call, merged rules.

Every new line is read back, and proposed only if it means what it is meant to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from consumer.text.archs import syscall_name
from harness.counted import counted
from harness.errors import UsageError
from harness.kernel.rules.fields import (
    ARCH_32,
    ARCH_NUMBERS,
    FIRST_CLASS_BIT,
    UNSET,
    Action,
    Field,
    FilterList,
    Operator,
)
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.lint.cost import merge_groups
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.pairs import Budget, TooManyPairsError
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed, parse_source
from harness.kernel.rules.lint.source import Source, SourceLine
from harness.kernel.rules.rule import Rule, RuleField, key_words, mask_of, merged
from harness.kernel.rules.syscall_access import perm_calls
from harness.model.rules.advice import Advice, Blind, Proposal

LEAST_SHARE: Final = 0.1
"""A program that makes less than this share of the log's events is no noise."""
LEAST_OF_PROGRAM: Final = 0.05
"""A call that makes less than this share of a program's events stays recorded."""
_MACHINE: Final = "x86_64"
_ARCH: Final = ARCH_NUMBERS[_MACHINE]
_ARCHS: Final = (_ARCH, ARCH_32[_MACHINE])
_CALLS: Final = range(FIRST_CLASS_BIT)
_KINDS: Final = ("exclusion", "directory", "merge")
Shape = Mapping[str, Any]


def make_advice(parsed: Parsed, shapes: Sequence[Shape]) -> Advice:
    """What may be changed in these rules, given the system calls of a log.

    `shapes` are the documents of `consumer.log.tables.shapes`.
    """
    proposals = [*_exclusions(parsed.rules, shapes)]
    if not any(line.parsed.operation == "delete" for _, line in parsed.lines):
        # Otherwise a line that deletes another would no longer find it.
        prepended = {
            place for place, line in parsed.lines if line.parsed.rule and line.parsed.rule.prepend
        }
        proposals += [*_directories(parsed.rules, prepended), *_merges(parsed.rules, prepended)]
    return Advice(
        files=parsed.source.files,
        proposals=tuple(sorted(proposals, key=_order)),
        events=sum(shape["events"] for shape in shapes),
        records=sum(shape["records"] for shape in shapes),
    )


def _order(proposal: Proposal) -> tuple[int, int, int]:
    """Records first; then what spares each call a comparison of conditions, then of its number."""
    return -proposal.records, _KINDS.index(proposal.kind), -proposal.lines_spared


def _exclusions(rules: Sequence[LoadedRule], shapes: Sequence[Shape]) -> Iterator[Proposal]:
    keys = {rule.view.key or None for rule in rules if rule.view.records}
    own = [shape for shape in shapes if shape["arch"] == _ARCH and _key(shape) in keys]
    total = sum(shape["events"] for shape in shapes)
    by_program: dict[bytes, list[Shape]] = defaultdict(list)
    for shape in own:
        if (shape["exe"] or b"").startswith(b"/") and shape["number"] in _CALLS:
            by_program[shape["exe"]].append(shape)
    for program, found in by_program.items():
        events = sum(shape["events"] for shape in found)
        if not total or events < LEAST_SHARE * total:
            continue
        calls: Counter[int] = Counter()
        for shape in found:
            calls[shape["number"]] += shape["events"]
        noisy = sorted(call for call, made in calls.items() if made >= LEAST_OF_PROGRAM * events)
        proposal = _exclusion(program, noisy, found, total) if noisy else None
        if proposal is not None:
            yield proposal


def _exclusion(
    program: bytes, calls: Sequence[int], found: Iterable[Shape], total: int
) -> Proposal | None:
    rule = Rule(
        FilterList.EXIT,
        Action.NEVER,
        mask_of(list(calls)),
        (
            RuleField(Field.ARCH, Operator.EQUAL, _ARCH),
            RuleField(Field.EXE, Operator.EQUAL, program),
        ),
    )
    line = _line(rule)
    if line is None:
        return None
    gone = [shape for shape in found if shape["number"] in calls]
    events = sum(shape["events"] for shape in gone)
    name = program.decode()
    names = ", ".join(syscall_name(_ARCH, call) or str(call) for call in calls)
    return Proposal(
        kind="exclusion",
        reason=f"{name} makes {events:,} of {counted(total, 'event')} by {names}",
        lines=(),
        old=(),
        new=(line,),
        goes_blind=f"{names} of {name}, by whoever runs it and for whatever purpose",
        events=events,
        records=sum(shape["records"] for shape in gone),
        bytes=sum(shape["bytes"] for shape in gone),
        blind=_blind(gone),
    )


def _blind(shapes: Iterable[Shape]) -> tuple[Blind, ...]:
    sums: Counter[tuple[str, str, str]] = Counter()
    for shape in shapes:
        key = key_words(_key(shape))
        auid = shape["auid"]
        user = "unset" if auid in (None, UNSET) else str(auid)
        sums[key, shape["exe"].decode("utf-8", "backslashreplace"), user] += shape["events"]
    return tuple(Blind(*of, events) for of, events in sums.most_common())


def _key(shape: Shape) -> bytes | None:
    return None if shape["key"] in (None, b"(null)") else bytes(shape["key"])


def _directories(rules: Sequence[LoadedRule], prepended: set[Place]) -> Iterator[Proposal]:
    """Watches of folders on all calls, with the calls that their permissions can be about."""
    for rule in rules:
        view = rule.view
        archs = [arch for arch in _ARCHS if view.arch in (None, arch)]
        if (
            view.filter_list != FilterList.EXIT
            or not (view.every and view.records and view.perm)
            or Field.DIR not in view.texts
            or rule.place in prepended
            or not archs
        ):
            continue
        others = tuple(field for field in view.rule.fields if field.field != Field.ARCH)
        lines = [
            _line(
                replace(
                    view.rule,
                    mask=mask_of(perm_calls(view.perm, arch)),
                    fields=(RuleField(Field.ARCH, Operator.EQUAL, arch), *others),
                )
            )
            for arch in archs
        ]
        new = [line for line in lines if line is not None]
        if len(new) < len(archs):
            continue
        yield Proposal(
            kind="directory",
            reason="the watch is compared at every call; only these calls can match perm=",
            lines=((rule.place.file, rule.place.line),),
            old=(rule.text,),
            new=tuple(new),
            goes_blind="calls that a later kernel counts to these permissions",
        )


def _merges(rules: Sequence[LoadedRule], prepended: set[Place]) -> Iterator[Proposal]:
    try:
        groups = list(merge_groups(rules, Budget()))
    except TooManyPairsError:
        return
    for group in groups:
        if len(group) < 2 or any(rule.place in prepended for rule in group):
            continue
        first = group[0].view.rule
        line = _line(replace(first, mask=merged(*(rule.view.rule.mask for rule in group))))
        if line is None:
            continue
        yield Proposal(
            kind="merge",
            reason=f"{counted(len(group), 'rule')} differ in their calls only",
            lines=tuple((rule.place.file, rule.place.line) for rule in group),
            old=tuple(rule.text for rule in group),
            new=(line,),
            goes_blind="",
        )


def _line(rule: Rule) -> str | None:
    """A rule as a line of a file; None where auditctl would not read it as this rule."""
    line = format_rule(rule)
    if not line.isprintable():
        return None
    content = line.encode("utf-8", "surrogateescape")
    source = Source(("",), (SourceLine(Place("", 1), content),))
    try:
        (read,) = parse_source(source, elsewhere=True).rules
    except (UsageError, ValueError):
        return None
    return line if read.view.rule == rule else None
