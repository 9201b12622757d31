"""A rule that wrote much of a log, in front of those that its events pass first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from harness.counted import counted
from harness.kernel.rules.fields import Field, FilterList
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.model.rules.advice import Proposal
from harness.run.rules.advice.lines import at
from harness.run.rules.advice.logged import Logged

LEAST_PASSED: Final = 2
"""A rule that events pass before is not worth a line that moves."""
_BY_FILE = (Field.WATCH, Field.INODE)
"""Rules with these are found by the file, and no other event passes them."""


def moves(
    logged: Logged, left: frozenset[Place], prepended: frozenset[Place]
) -> Iterator[Proposal]:
    """Rules worth moving up, as far as no rule in between decides otherwise.

    Lines at `left` stay where they are; those at `prepended` stand in front whatever their place.
    """
    calls = logged.by_writer(logged.free(logged.own))
    events_of = {number: logged.saving(places).events for number, places in calls.items()}
    for number, events in sorted(events_of.items(), key=lambda each: -each[1]):
        rule = logged.rules[number]
        if (
            not logged.is_noise(calls[number])
            or rule.place in left
            or any(rule.view.has(field) for field in _BY_FILE)
        ):
            continue
        passed = list(_passed(logged.rules, number, prepended))
        asked = [each for each in passed if not any(each.view.has(field) for field in _BY_FILE)]
        if len(asked) >= LEAST_PASSED:
            first = passed[-1]
            yield Proposal(
                kind="order",
                reason=f"this line writes {events:,} of {counted(logged.events, 'event')}, and "
                f"each is compared with {counted(len(asked), 'rule')} before it",
                lines=(at(rule),),
                old=(rule.text,),
                new=(rule.text,),
                goes_blind="",
                before=at(first),
                passed=tuple(at(each) for each in asked),
                matched=events,
                notes=("calls that no rule records pay the same in any order",),
            )


def _passed(
    rules: Sequence[LoadedRule], number: int, prepended: frozenset[Place]
) -> Iterator[LoadedRule]:
    """The rules of its list that a rule may go in front of, the nearest first."""
    view = rules[number].view
    for other in reversed(rules[:number]):
        theirs = other.view
        if theirs.filter_list != FilterList.EXIT:
            continue
        same = (theirs.records, theirs.key) == (view.records, view.key)
        if other.place in prepended or not (same or theirs.is_apart(view)):
            return
        yield other
