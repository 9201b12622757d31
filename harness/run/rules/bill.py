"""Counts of a rule file, as a whole and without each line, as a bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean
from typing import Any

from harness.counted import counted
from harness.kernel.rules.fields import FilterList
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.model.caution import Caution
from harness.model.cost import INVALID_TRIALS, Bill, Priced
from harness.model.stored.environment import StoredGuest
from harness.plain import plain
from harness.run.counted_facts import greeted
from harness.run.rules.coverage import rule_at

SWITCHING = (FilterList.TASK, FilterList.EXIT, FilterList.IO_URING)
"""Lists of which a single rule makes every call slow."""
_FIXED = 4
"""The states before those without some lines: no rules, one, two, the file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A state to count: its rules, by place; those of -1 and -2 are the neutral ones.

    `without` are the places that the file has and the state has not.
    """

    name: str
    places: tuple[int, ...]
    without: tuple[int, ...] = ()


def make_bill(
    rules: Sequence[LoadedRule],
    states: Sequence[Wanted],
    answers: Sequence[Sequence[Mapping[str, Any]]],
    guest: StoredGuest,
) -> Bill:
    """The bill; `answers` are those of each boot, `state` in them a place in `states`."""
    counts, floor = state_counts(len(states), answers)
    none, one, two, whole = counts[:_FIXED]
    any_rule = None if none is None or one is None or two is None else one - (two - one) - none
    out = left_out(answers)
    lines = []
    for state, count in zip(states[_FIXED:], counts[_FIXED:], strict=True):
        own = [place for place in state.without if place not in out]
        base = count
        if base is not None and not _switches(rules, state.places, out):
            # Without it no rule is left that makes calls slow: that is the first row's saving.
            base = None if none is None or any_rule is None else none + any_rule
        saved = None if whole is None or base is None or not own else (whole - base) / len(own)
        lines += [Priced(rule_at(rules[place]), saved, floor / len(own), len(own)) for place in own]
    return Bill(
        files=tuple(dict.fromkeys(rule.place.file for rule in rules)),
        lines=tuple(in_order(lines)),
        no_rules=none,
        any_rule=any_rule if _switches(rules, range(len(rules)), out) else 0.0,
        whole=None if whole is None or none is None else whole - none,
        floor=floor,
        guest=greeted(guest, chain.from_iterable(answers)),
        cautions=tuple(_cautions(rules, answers)),
    )


def state_counts(
    states: int, answers: Sequence[Sequence[Mapping[str, Any]]]
) -> tuple[list[float | None], float]:
    """Instructions per call in each of so many states, and by how much boots differ.

    None for a state that could not be counted.
    """
    values: list[list[float]] = [[] for _ in range(states)]
    for answer in (each for boot in answers for each in boot):
        if answer["event"] == "priced" and "failed" not in answer and not answer["records"]:
            values[answer["state"]].append(float(answer["instructions_per_op"]))
    apart = [max(each) - min(each) for each in values if len(each) > 1]
    return [fmean(each) if each else None for each in values], max(apart, default=0.0)


def in_order(lines: Sequence[Priced]) -> Iterator[Priced]:
    """The dearest first. One whose distance from the line before is below the floor is equal."""
    before: Priced | None = None
    ordered = sorted(lines, key=lambda line: (-(line.tax or 0.0), line.rule.file, line.rule.line))
    for line in ordered:
        equal = (
            before is not None
            and before.tax is not None
            and line.tax is not None
            and before.tax - line.tax <= max(before.apart, line.apart)
        )
        yield replace(line, equal=equal)
        before = line


def left_out(answers: Sequence[Sequence[Mapping[str, Any]]]) -> set[int]:
    """The places of rules that no state had: refused, or recording the load's own call."""
    probed = [each for boot in answers for each in boot if each["event"] == "probed"]
    return {place for each in probed for place in each["recording"]} | {
        place for each in probed for place, _ in each["refused"]
    }


def _switches(rules: Sequence[LoadedRule], places: Sequence[int], out: set[int]) -> bool:
    """Whether any of these rules makes every call slow."""
    return any(
        rules[place].view.filter_list in SWITCHING
        for place in places
        if place >= 0 and place not in out
    )


def _cautions(
    rules: Sequence[LoadedRule], answers: Sequence[Sequence[Mapping[str, Any]]]
) -> Iterator[Caution]:
    probed = next((e for boot in answers for e in boot if e["event"] == "probed"), None)
    if probed is not None:
        for place, what in probed["refused"]:
            where = rules[place].place
            yield Caution(
                "refused",
                f"{where} is not on the bill: the guest's kernel refused the rule: {plain(what)}",
            )
        for place in probed["recording"]:
            yield Caution(
                "records-everything",
                f"{rules[place].place} is not on the bill: it records every call, and what that "
                "costs depends on who receives the events",
                "see `auditbench rules lint`",
            )
    failed = [
        each
        for boot in answers
        for each in boot
        if each["event"] == "refused" or "failed" in each or each.get("records")
    ]
    if failed:
        why = failed[0].get("message") or failed[0].get("failed") or "the load was recorded"
        yield Caution(
            INVALID_TRIALS, f"{counted(len(failed), 'count')} in a boot failed: {plain(why)}"
        )
