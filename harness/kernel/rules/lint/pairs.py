"""Rules compared with those before them: at most so many pairs, however many rules there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from harness.kernel.rules.fields import Field
from harness.kernel.rules.lint.parsed import LoadedRule

MOST_PAIRS = 500_000
"""A few seconds. So many has a file of a thousand rules of which none names a path or a value."""


class TooManyPairsError(Exception):
    """The source has more rules than are compared."""


class Budget:
    """Counts the pairs that are compared."""

    def __init__(self, pairs: int = MOST_PAIRS) -> None:
        self._left = pairs

    def spend(self, pairs: int) -> None:
        """Raise `TooManyPairsError` once too many are compared."""
        self._left -= pairs
        if self._left < 0:
            raise TooManyPairsError


class Earlier:
    """The rules seen so far, found by path, directory or program where they have one.

    A rule with such an anchor can only cover rules with the same anchor, or below its directory.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._anchored: dict[tuple[int, int, bytes | int], list[tuple[int, LoadedRule]]] = {}
        self._others: dict[int, list[tuple[int, LoadedRule]]] = defaultdict(list)
        self._count = 0

    def add(self, rule: LoadedRule) -> None:
        """Remember a rule."""
        entry = (self._count, rule)
        self._count += 1
        if rule.view.anchor is None:
            self._others[rule.view.filter_list].append(entry)
        else:
            key = (rule.view.filter_list, *rule.view.anchor)
            self._anchored.setdefault(key, []).append(entry)

    def covering(self, rule: LoadedRule) -> LoadedRule | None:
        """The first rule that matches whatever this one matches."""
        found = []
        for entries in self._candidates(rule):
            self._budget.spend(len(entries))
            first = next((entry for entry in entries if entry[1].view.covers(rule.view)), None)
            if first is not None:
                found.append(first)
        return min(found, key=lambda entry: entry[0])[1] if found else None

    def _candidates(self, rule: LoadedRule) -> Iterator[list[tuple[int, LoadedRule]]]:
        number = rule.view.filter_list
        yield self._others.get(number, [])
        for field, value in rule.view.points:
            yield self._anchored.get((number, field, value), [])
        for field, text in rule.view.texts.items():
            if field in (Field.WATCH, Field.EXE):
                yield self._anchored.get((number, field, text.rstrip(b"/")), [])
            if field in (Field.WATCH, Field.DIR):
                parts = text.rstrip(b"/").split(b"/")
                for length in range(len(parts), 0, -1):
                    folder = b"/".join(parts[:length])
                    yield self._anchored.get((number, Field.DIR, folder), [])
