"""Rules that an earlier rule leaves nothing to: the kernel stops at the first that matches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.fields import RECORD_FILTER_FIELDS, FilterList
from harness.kernel.rules.lint.conditions import View, contradiction
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.pairs import Budget, Earlier
from harness.kernel.rules.lint.parsed import LoadedRule

_FIRST = "The kernel takes the first rule of a list that matches, and looks no further."
SHADOWED = Kind(
    "shadowed",
    "warning",
    "a rule whose events an earlier rule records under another key",
    f"{_FIRST} The key of the later rule is never written.",
)
REDUNDANT = Kind(
    "redundant",
    "warning",
    "a rule that adds nothing to an earlier one",
    f"{_FIRST} The later rule costs time and changes nothing.",
)
NEVER_FIRST = Kind(
    "never-first",
    "warning",
    "a rule whose events an earlier never-rule excludes",
    f"{_FIRST} Nothing of what the later rule asks for is recorded.",
)
UNDONE = Kind(
    "exclusion-undone",
    "warning",
    "an exclusion after a rule that records all of it",
    f"{_FIRST} The exclusion never comes to be asked.",
)
KINDS = (SHADOWED, REDUNDANT, NEVER_FIRST, UNDONE)


def shadowed(rules: Sequence[LoadedRule], budget: Budget) -> Iterator[Finding]:
    """The rules, in order of evaluation, that an earlier one covers."""
    earlier = Earlier(budget)
    for rule in rules:
        if contradiction(rule.view.rule) or not _takes_part(rule.view):
            continue
        first = earlier.covering(rule)
        if first is not None:
            yield _finding(first, rule)
        earlier.add(rule)


def _takes_part(view: View) -> bool:
    """Whether the first match counts on its list, and the rule can be one."""
    if view.filter_list == FilterList.FILESYSTEM:
        return not view.records
    if view.filter_list in (FilterList.USER, FilterList.EXCLUDE):
        fields = [field.field for field in view.rule.fields]
        return bool(fields) and RECORD_FILTER_FIELDS.issuperset(fields)
    return True


def _finding(first: LoadedRule, rule: LoadedRule) -> Finding:
    where = f"the rule of {first.place.seen_from(rule.place)}"
    related = (first.place,)
    if rule.view.filter_list == FilterList.EXCLUDE:  # always and never are the same there
        reason = f"{where} comes first and already excludes all of it"
        return Finding(REDUNDANT, rule.place, reason, "delete this line", related)
    if not first.view.records:
        if rule.view.records:
            reason = f"{where} comes first and excludes whatever this rule asks for"
            return Finding(NEVER_FIRST, rule.place, reason, "put this rule before it", related)
        reason = f"{where} comes first and already excludes all of it"
        return Finding(REDUNDANT, rule.place, reason, "delete this line", related)
    if not rule.view.records:
        reason = f"{where} comes first and records all that is excluded here"
        return Finding(UNDONE, rule.place, reason, "put this rule before it", related)
    if first.view.key == rule.view.key:
        reason = f"{where} comes first and records all of it, under the same key"
        return Finding(REDUNDANT, rule.place, reason, "delete this line", related)
    reason = f"{where} comes first and records all of it, under its own key"
    remedy = "put the narrower rule before the wider one, or delete it"
    return Finding(SHADOWED, rule.place, reason, remedy, related)
