"""Never-rules that exclude nothing, or not everything, because of their place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.fields import FilterList
from harness.kernel.rules.lint.conditions import PLACES, contradiction
from harness.kernel.rules.lint.finding import Finding, Kind, listed
from harness.kernel.rules.lint.pairs import Budget
from harness.kernel.rules.lint.parsed import LoadedRule

LATE = Kind(
    "exclusion-late",
    "warning",
    "an exclusion that comes after every rule that records what it excludes",
    "The kernel takes the first rule that matches: the events are recorded all the same.",
)
PARTIAL = Kind(
    "exclusion-partial",
    "note",
    "an exclusion that comes after some of the rules that record what it excludes",
    "The kernel takes the first rule that matches: part of the events are recorded all the same.",
)
IDLE = Kind(
    "exclusion-idle",
    "note",
    "an exclusion of what no rule records",
    "It changes nothing, and is compared at the same cost as any other rule.",
)
KINDS = (LATE, PARTIAL, IDLE)
_LISTS = (FilterList.EXIT, FilterList.IO_URING)
_NAMED = 5


def misplaced(
    rules: Sequence[LoadedRule], budget: Budget, *, is_fragment: bool
) -> Iterator[Finding]:
    """The never-rules of the exit and io_uring lists that come too late, or for nothing.

    In a fragment the rules that an exclusion is for may stand in another file.
    """
    recording = [(at, rule) for at, rule in enumerate(rules) if rule.view.records]
    for at, rule in enumerate(rules):
        view = rule.view
        if view.records or view.filter_list not in _LISTS or contradiction(view.rule):
            continue
        budget.spend(len(recording))
        common = [(other, each) for other, each in recording if not each.view.is_apart(view)]
        before = [each for other, each in common if other < at]
        after = [each for other, each in common if other > at]
        if any(each.view.covers(view) for each in before):
            continue  # exclusion-undone
        if before or after or not is_fragment:
            yield from _judge(rule, before, after)


def _judge(
    rule: LoadedRule, before: list[LoadedRule], after: list[LoadedRule]
) -> Iterator[Finding]:
    named = [each for each in before if _is_about(each, rule)]
    if not before and not after:
        reason = "no rule of the file records what is excluded here"
        yield Finding(IDLE, rule.place, reason, "delete the line")
    elif not after and before:
        others = listed([each.place for each in before], rule.place)
        reason = f"all rules that record what is excluded here come before it: {others}"
        yield _at(LATE, rule, reason, before)
    elif named:
        others = listed([each.place for each in named], rule.place)
        reason = f"some rules that record what is excluded here come before it: {others}"
        yield _at(PARTIAL, rule, reason, named)


def _is_about(recording: LoadedRule, never: LoadedRule) -> bool:
    """Whether the order of two rules matters: a watch before an exclusion of a program is meant."""
    has_place = any(number in recording.view.texts for number in PLACES)
    return not has_place or any(number in never.view.texts for number in PLACES)


def _at(kind: Kind, rule: LoadedRule, reason: str, others: list[LoadedRule]) -> Finding:
    related = tuple(each.place for each in others[:_NAMED])
    return Finding(kind, rule.place, reason, "put the exclusion before them, or use -A", related)
