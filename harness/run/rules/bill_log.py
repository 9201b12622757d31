"""A bill with what a log says of it: the events and bytes of each line, and per day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.analysis.top_rules import Credit, credit_rules
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.model.cost import Bill, Logged

_DAY_MS = 24 * 3600 * 1000


def with_log(
    bill: Bill,
    rules: Sequence[LoadedRule],
    shapes: Iterable[Mapping[str, Any]],
    span_ms: tuple[int | None, int | None],
) -> Bill:
    """The same bill with a log's events; `span_ms` are the times of its first and last event."""
    first, last = span_ms
    days = (last - first) / _DAY_MS if first is not None and last is not None else 0.0
    own: dict[tuple[str, int], Logged] = {}
    rest = Credit(())
    for credit in credit_rules([rule.view.rule for rule in rules], shapes):
        if len(credit.rules) == 1:
            place = rules[credit.rules[0]].place
            own[place.file, place.line] = _logged(credit, days)
            continue
        rest.events += credit.events
        rest.records += credit.records
        rest.bytes += credit.bytes
    lines = (replace(line, logged=own.get((line.rule.file, line.rule.line))) for line in bill.lines)
    return replace(bill, lines=tuple(lines), unassigned=_logged(rest, days), days=days or None)


def _logged(credit: Credit, days: float) -> Logged:
    return Logged(
        events=credit.events,
        records=credit.records,
        bytes=credit.bytes,
        events_per_day=credit.events / days if days else None,
        bytes_per_day=credit.bytes / days if days else None,
    )
