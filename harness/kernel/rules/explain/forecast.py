"""Which calls the rules of a file would record, how often, and which they would not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.kernel.rules.explain.order import Outcome, attempts, needs_a_file, outcomes
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.fields import Action, FilterList
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.matching.match import drops_the_record


@dataclass(frozen=True, slots=True)
class Which:
    """A system call by its architecture and number."""

    arch: int
    number: int


@dataclass(frozen=True, slots=True)
class Open:
    """Rules that may decide, and the conditions that cannot be told; None is no rule."""

    candidates: tuple[int | None, ...]
    why: tuple[str, ...]


@dataclass(slots=True)
class Forecast:
    """Counts of calls: by the rule that records or excludes them, by none, or open.

    Rules are places in what was given. `dropped` are recorded, but their SYSCALL record is
    excluded, and with it the event.
    """

    rules: tuple[LoadedRule, ...]
    by_rule: dict[int, Counter[Which]] = field(default_factory=dict)
    by_none: Counter[Which] = field(default_factory=Counter)
    dropped: Counter[Which] = field(default_factory=Counter)
    open: dict[Open, Counter[Which]] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """All calls."""
        counts = [self.by_none, self.dropped, *self.by_rule.values(), *self.open.values()]
        return sum(each.total() for each in counts)

    @property
    def recorded(self) -> int:
        """The calls that are recorded for certain."""
        return sum(counts.total() for place, counts in self.by_rule.items() if self.records(place))

    def records(self, place: int) -> bool:
        """Whether a rule records what it matches."""
        return self.rules[place].view.rule.action == Action.ALWAYS


class Forecaster:
    """Takes calls and counts them by what the rules, in the kernel's order, would do."""

    def __init__(self, rules: Sequence[LoadedRule]) -> None:
        self.forecast = Forecast(tuple(rules))
        self._places = {id(rule): place for place, rule in enumerate(rules)}
        self._excluding = [
            rule.view.rule for rule in rules if rule.view.filter_list == FilterList.EXCLUDE
        ]
        self._asked: dict[tuple[int, bool], list[LoadedRule]] = {}

    def take(self, seen: Seen) -> None:
        """Count a call."""
        number = seen.call.number
        if number is None:
            return
        which = Which(seen.call.arch, number)
        tried = attempts(self._rules_for(number, touches=seen.names != ()), seen)
        winners = self._winners(outcomes(tried))
        if len(winners) == 1:
            self._count(which, winners[0], seen)
            return
        untold = (word for attempt in tried if attempt.answer is None for word in attempt.why)
        self._leave_open(which, Open(winners, tuple(dict.fromkeys(untold))))

    def _count(self, which: Which, place: int | None, seen: Seen) -> None:
        found = self.forecast
        if place is None:
            found.by_none[which] += 1
            return
        drops = {False}
        if found.records(place) and self._excluding:
            drops = drops_the_record(self._excluding, seen.call)
        if len(drops) > 1:
            self._leave_open(which, Open((place, None), ("the exclude list",)))
        elif True in drops:
            found.dropped[which] += 1
        else:
            found.by_rule.setdefault(place, Counter())[which] += 1

    def _leave_open(self, which: Which, why: Open) -> None:
        self.forecast.open.setdefault(why, Counter())[which] += 1

    def _winners(self, possible: Sequence[Outcome]) -> tuple[int | None, ...]:
        """The places of the rules that may decide, each once."""
        places = (
            None if each.winner is None else self._places[id(each.winner.rule)] for each in possible
        )
        return tuple(dict.fromkeys(places))

    def _rules_for(self, number: int, *, touches: bool) -> list[LoadedRule]:
        """The rules that have to be asked about a call; most name others, or need a file."""
        kind = (number, touches)
        if kind not in self._asked:
            self._asked[kind] = [
                rule
                for rule in self.forecast.rules
                if _concerns(rule, number) and (touches or not needs_a_file(rule.view.rule))
            ]
        return self._asked[kind]


def _concerns(rule: LoadedRule, number: int) -> bool:
    if rule.view.filter_list == FilterList.EXIT:
        return rule.view.rule.names_syscall(number)
    return rule.view.filter_list == FilterList.TASK
