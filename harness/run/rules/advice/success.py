"""Rules that record failed calls by the way: with `success=1` they record what was done."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.counted import counted
from harness.kernel.rules.fields import UNSET, Action, Field, Operator
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import RuleField
from harness.model.rules.advice import Proposal
from harness.run.rules.advice.lines import at, line_of
from harness.run.rules.advice.logged import Logged

ASKED_BY_STIG: Final = (errno.EACCES, errno.EPERM)
"""The failed accesses that a STIG wants recorded."""
_RESULTS = frozenset({Field.EXIT, Field.SUCCESS})
_SUCCEEDED = RuleField(Field.SUCCESS, Operator.EQUAL, 1)
_MOST_NAMED = 6


def only_successful(logged: Logged, left: frozenset[Place]) -> Iterator[Proposal]:
    """Rules of which failed calls fill the log; lines at `left` stay as they are."""
    failed = [place for place in logged.own if logged.shapes[place]["exit"]]
    for number, places in logged.by_writer(failed).items():
        rule = logged.rules[number]
        if rule.place in left or any(f.field in _RESULTS for f in rule.view.rule.fields):
            continue
        after = {place: _after(logged, number, place) for place in places}
        gone = [place for place in places if after[place] is not True]
        if logged.is_noise(logged.free(gone)):
            unsure = [place for place in gone if after[place] is None]
            proposal = _proposal(logged, rule, gone, unsure)
            if proposal is not None:
                yield proposal


def _after(logged: Logged, number: int, place: int) -> bool | None:
    """Whether a rule below records a call that this one does not take; None if it may."""
    answer: bool | None = False
    for each, certain in logged.matching(place, number):
        records = logged.bare[each].action == Action.ALWAYS
        if certain:
            return records if answer is False else None
        answer = None if records else answer
    return answer


def _proposal(
    logged: Logged, rule: LoadedRule, gone: Sequence[int], unsure: Sequence[int]
) -> Proposal | None:
    bare = rule.view.rule
    key = tuple(field for field in bare.fields if field.field == Field.FILTERKEY)
    others = tuple(field for field in bare.fields if field.field != Field.FILTERKEY)
    line = line_of(replace(bare, fields=(*others, _SUCCEEDED, *key)))
    if line is None:
        return None
    errors: Counter[int] = Counter()
    for place in gone:
        errors[logged.shapes[place]["exit"]] += logged.shapes[place]["events"]
    notes = []
    wanted = [error for error in ASKED_BY_STIG if errors[-error]]
    if wanted:
        names = " and ".join(errno.errorcode[error] for error in wanted)
        kept = [replace(bare, fields=(*others, _exit(error), *key)) for error in wanted]
        lines = " and ".join(format_rule(each) for each in kept)
        notes.append(f"STIG asks for {names}; to keep them add {lines}")
    if unsure:
        events = logged.saving(unsure).events
        notes.append(f"{events:,} of them may still be recorded by a rule below")
    proposal = Proposal(
        kind="success",
        reason=f"failed calls that this line records make {logged.saving(gone).events:,} of "
        f"{counted(logged.events, 'event')}",
        lines=(at(rule),),
        old=(rule.text,),
        new=(line,),
        goes_blind=f"failed calls: {_named(errors)}",
        notes=tuple(notes),
    )
    return logged.claimed(proposal, gone)


def _exit(error: int) -> RuleField:
    return RuleField(Field.EXIT, Operator.EQUAL, UNSET + 1 - error)


def _named(errors: Counter[int]) -> str:
    found = [
        f"{events:,} {errno.errorcode.get(-code, str(code))}"
        for code, events in errors.most_common()
    ]
    more = len(found) - _MOST_NAMED
    return ", ".join(found[:_MOST_NAMED]) + (f" and {more} more kinds" if more > 0 else "")
