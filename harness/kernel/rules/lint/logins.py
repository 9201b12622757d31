"""Conditions on auid, which is unset for whatever no login started."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.kernel.rules.fields import UNSET, Action, Field, FilterList
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.parsed import LoadedRule

INCLUDED = Kind(
    "auid-includes-unset",
    "warning",
    "auid above a number, which unset is, too",
    "Unset is 4294967295, so the rule also records services, timers and containers.",
)
MISSED = Kind(
    "auid-misses-unset",
    "note",
    "rules for logged-in users only",
    "What services, timers and containers do, and who breaks in through them, is not recorded by "
    "them.",
)
KINDS = (INCLUDED, MISSED)
_MOST_RELATED = 20


def login_findings(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """Rules whose auid condition takes in unset by accident, and (once) those that leave it out."""
    missing = []
    for rule in rules:
        view = rule.view
        if view.rule.action != Action.ALWAYS or view.filter_list != FilterList.EXIT:
            continue
        ranges = view.allowed.get(Field.LOGINUID)
        if ranges is None:
            continue
        if not any(low <= UNSET <= high for low, high in ranges):
            missing.append(rule)
        elif ranges != ((UNSET, UNSET),) and ranges[0][0] > 0 and len(ranges) == 1:
            reason = f"auid from {ranges[0][0]} on includes unset (4294967295)"
            yield Finding(INCLUDED, rule.place, reason, "add -F auid!=unset")
    if missing:
        count = (
            counted(len(missing), "rule has", "rules have") if len(missing) > 1 else "the rule has"
        )
        yield Finding(
            MISSED,
            missing[0].place,
            f"{count} a condition on auid that is false where no login set it: services, timers, "
            "containers",
            "keep it if logins are what you are asked to record; else add a rule without it",
            tuple(rule.place for rule in missing[1:_MOST_RELATED]),
        )
