"""Keys: what events are found by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.fields import KEY_SEPARATOR, FilterList
from harness.kernel.rules.lint.finding import Finding, Kind, Place
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.words import shown

MISSING = Kind(
    "key-missing",
    "note",
    "a recording rule without a key",
    "Its events are found by no `ausearch -k`, and no report says which rule wrote them.",
)
USELESS = Kind(
    "key-useless", "note", "a key on an exclusion", "An exclusion writes no event to carry it."
)
REUSED = Kind(
    "key-reused",
    "note",
    "a key that stands in separate places of the file",
    "`ausearch -k` and reports by key cannot tell the rules apart.",
)
KINDS = (MISSING, USELESS, REUSED)
NEARBY_LINES = 100
_LISTS = (FilterList.EXIT, FilterList.IO_URING)


def key_findings(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """Rules that lack a key, have one for nothing, or share one with rules elsewhere."""
    for rule in rules:
        view = rule.view
        if view.filter_list not in _LISTS:
            continue
        if view.records and not view.key:
            reason = "the rule has no key, so its events cannot be told from those of others"
            yield Finding(MISSING, rule.place, reason, "add -k KEY")
        elif view.key and not view.records:
            reason = f"the key {shown(view.key)} is never written, because the rule excludes"
            yield Finding(USELESS, rule.place, reason, "leave -k out")
    yield from _reused(rules)


def _reused(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """Keys that come back far below, or in another file: once for each key."""
    last: dict[bytes, Place] = {}
    told: set[bytes] = set()
    keyed = [rule for rule in rules if rule.view.records and rule.view.key]
    for rule in sorted(keyed, key=lambda rule: rule.place):
        for key in rule.view.key.split(KEY_SEPARATOR):
            before = last.get(key)
            last[key] = rule.place
            if before is None or key in told or not _is_far(before, rule.place):
                continue
            told.add(key)
            where = before.seen_from(rule.place)
            reason = f"the key {shown(key)} is also that of rules elsewhere, {where} for one"
            yield Finding(REUSED, rule.place, reason, "give each purpose its own key", (before,))


def _is_far(one: Place, two: Place) -> bool:
    return one.file != two.file or two.line - one.line > NEARBY_LINES
