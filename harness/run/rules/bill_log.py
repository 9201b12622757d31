"""A bill with what a log says of it: the events and bytes of each line, their price, and per day.

A line's events cost what their records do: those of its own counted events, or where none of them
was counted, the mean of all that were.
"""

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
    mean = bill.record_price
    lines = []
    for line in bill.lines:
        logged = own.get((line.rule.file, line.rule.line))
        price = mean if line.event is None else line.event.per_record
        lines.append(replace(line, logged=logged and _priced(logged, price, days)))
    unassigned = _priced(_logged(rest, days), mean, days)
    found = [*(line.logged for line in lines if line.logged is not None), unassigned]
    total = sum(each.instructions or 0.0 for each in found)
    return replace(
        bill,
        lines=tuple(
            replace(line, logged=line.logged and _shared(line.logged, total)) for line in lines
        ),
        unassigned=_shared(unassigned, total),
        days=days or None,
    )


def _priced(logged: Logged, record_price: float | None, days: float) -> Logged:
    """The same events with what they cost, at a price per record in instructions."""
    if record_price is None:
        return logged
    cost = record_price * logged.records
    return replace(logged, instructions=cost, instructions_per_day=cost / days if days else None)


def _shared(logged: Logged, total: float) -> Logged:
    if logged.instructions is None or not total:
        return logged
    return replace(logged, share=logged.instructions / total)


def _logged(credit: Credit, days: float) -> Logged:
    return Logged(
        events=credit.events,
        records=credit.records,
        bytes=credit.bytes,
        events_per_day=credit.events / days if days else None,
        bytes_per_day=credit.bytes / days if days else None,
    )
