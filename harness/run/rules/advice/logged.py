"""The calls of a log against the rules of a file: who wrote them, and what a change would save.

An event is claimed once, by the narrowest proposal that would spare it, so that what proposals add
to each other can be summed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from harness.analysis.top_rules import exit_rules, matching_rules, writers
from harness.kernel.rules.fields import ARCH_NUMBERS, FIRST_CLASS_BIT, UNSET, Action
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import key_words
from harness.model.rules.advice import Blind, Proposal, Saving

MACHINE: Final = "x86_64"
ARCH: Final = ARCH_NUMBERS[MACHINE]
LEAST_SHARE: Final = 0.1
"""What makes less than this share of a log's events, or of its records, is no noise."""
CALLS: Final = range(FIRST_CLASS_BIT)
Shape = Mapping[str, Any]


class Logged:
    """A log's calls, by place, and the rules of the file.

    `shapes` are the documents of `consumer.log.tables.shapes`, `writers` the places of the rules
    that may have written each. `own` are the calls that rules of the file record, and would again.
    """

    def __init__(self, rules: Sequence[LoadedRule], shapes: Sequence[Shape]) -> None:
        self.rules = rules
        self.shapes = shapes
        self.bare = [rule.view.rule for rule in rules]
        self.writers = writers(self.bare, shapes)
        self._naming: dict[int, tuple[int, ...]] = {}
        self.own = [place for place in range(len(shapes)) if self._is_own(place)]
        self.events = sum(shape["events"] for shape in shapes)
        self.records = sum(shape["records"] for shape in shapes)
        self.bytes = sum(shape["bytes"] for shape in shapes)
        self._claimed: set[int] = set()

    def _is_own(self, place: int) -> bool:
        """Whether a rule of the file wrote it, and no exclusion of the file keeps it out today."""
        if not self.writers[place]:
            return False
        first = next(self.matching(place), None)
        return first is None or not first[1] or self.bare[first[0]].action == Action.ALWAYS

    def matching(self, place: int, after: int = -1) -> Iterator[tuple[int, bool]]:
        """The rules below the one at `after` that may decide on a call, as `matching_rules`."""
        shape = self.shapes[place]
        if shape["number"] not in self._naming:
            self._naming[shape["number"]] = exit_rules(self.bare, shape["number"])
        places = (each for each in self._naming[shape["number"]] if each > after)
        return matching_rules(self.bare, places, shape)

    def free(self, places: Iterable[int]) -> list[int]:
        """Those of the calls that no proposal would spare so far."""
        return [place for place in places if place not in self._claimed]

    def claimed(self, proposal: Proposal, places: Sequence[int]) -> Proposal:
        """The same proposal with what it saves, alone and beside those before it: these calls.

        They are taken by it.
        """
        found = self.free(places)
        self._claimed.update(found)
        return replace(
            proposal,
            alone=self.saving(places),
            added=self.saving(found),
            added_by=self._by_rule(found),
            blind=self.blind(places),
        )

    def by_writer(self, places: Iterable[int]) -> dict[int, list[int]]:
        """These calls by the rule that wrote them, where only one may have."""
        found: dict[int, list[int]] = defaultdict(list)
        for place in places:
            if len(self.writers[place]) == 1:
                found[self.writers[place][0]].append(place)
        return found

    def _by_rule(self, places: Iterable[int]) -> tuple[tuple[str, int], ...]:
        """The records of these calls by the place of the rule that wrote them, if only one may."""
        sums: Counter[str] = Counter()
        for place in places:
            rules = self.writers[place]
            sums[str(self.rules[rules[0]].place) if len(rules) == 1 else ""] += self.shapes[place][
                "records"
            ]
        return tuple(sums.items())

    def saving(self, places: Iterable[int]) -> Saving:
        """What is saved where these calls are not recorded."""
        shapes = [self.shapes[place] for place in places]
        return Saving(*(sum(shape[name] for shape in shapes) for name in _SUMS))

    def parts(self, places: Iterable[int], kind: int) -> Saving:
        """What is saved where the events of these calls have no record of a type."""
        found = [self.shapes[place]["parts"].get(kind, (0, 0)) for place in places]
        return Saving(0, sum(each[0] for each in found), sum(each[1] for each in found))

    def groups(self, of: Callable[[Shape], Hashable]) -> Iterator[tuple[Any, list[int]]]:
        """The native calls that rules of the file record, by what `of` says, if not None."""
        found: dict[Hashable, list[int]] = defaultdict(list)
        for place in self.own:
            shape = self.shapes[place]
            value = of(shape)
            if value is not None and shape["arch"] == ARCH and shape["number"] in CALLS:
                found[value].append(place)
        yield from found.items()

    def is_noise(self, places: Iterable[int]) -> bool:
        """Whether these calls make enough of the log's events."""
        events: int = self.saving(places).events
        return events > 0 and events >= LEAST_SHARE * self.events

    def blind(self, places: Iterable[int], kind: int | None = None) -> tuple[Blind, ...]:
        """These calls by key, program, user and rule; only those with a record of a type."""
        sums: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
        for place in places:
            shape = self.shapes[place]
            events = shape["events"] if kind is None else shape["parts"].get(kind, (0, 0))[0]
            rules = tuple(str(self.rules[each].place) for each in self.writers[place])
            program = (shape["exe"] or b"").decode("utf-8", "backslashreplace")
            sums[key_words(key_of(shape)), program, user_of(shape), rules] += events
        ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            Blind(key, program, user, events, rules)
            for (key, program, user, rules), events in ordered
            if events
        )


_SUMS = ("events", "records", "bytes")


def key_of(shape: Shape) -> bytes | None:
    """The key of a call's events; None without one."""
    return None if shape["key"] in (None, b"(null)") else bytes(shape["key"])


def user_of(shape: Shape) -> str:
    """The login uid of a call as people write it."""
    auid = shape["auid"]
    return "unset" if auid in (None, UNSET) else str(auid)
