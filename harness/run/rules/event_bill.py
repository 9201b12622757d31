"""A bill with the price of an event of each line, from what guests counted and heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from harness.kernel.rules.fields import KEY_SEPARATOR
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.tagged import place_of, tag_of
from harness.kernel.status import AuditStatus
from harness.model.caution import Caution
from harness.model.cost import INVALID_TRIALS, Bill, CountedLoad, EventPrice
from harness.plain import plain
from harness.run.rules.coverage import rule_at
from harness.run.rules.events import CALLS, EventTrial
from harness.run.trials.said import consumer_said, worker_said

Answered = Sequence[tuple[EventTrial, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Per operation of a load."""

    load: float
    kauditd: float
    consumer: float
    events: float


@dataclass(slots=True)
class _Heard:
    """The events of a load that one rule wrote; a place past the file's is a rule behind it."""

    place: int
    events: int = 0
    records: int = 0
    bytes: float = 0


def with_events(
    bill: Bill,
    rules: Sequence[LoadedRule],
    heard: Iterable[Mapping[str, Any]],
    answered: Answered,
) -> Bill:
    """The same bill with the price of an event; `heard` says which rule wrote a load's events."""
    calls: dict[str, Sequence[Mapping[str, Any]]] = {}
    for each in heard:
        calls.setdefault(each["load"], each.get("calls", ()))
    counts, faults = _counts(answered)
    loads, by_place = [], dict[int, list[EventPrice]]()
    for name in CALLS:
        shares = _by_place(calls.get(name, ()), rules)
        whole = _mean_event(name, counts, shares)
        if whole is None:
            continue
        lines = tuple(rule_at(rules[share.place]) for share in shares if share.place < len(rules))
        loads.append(replace(whole, lines=lines, behind=len(lines) < len(shares)))
        for share in shares:
            by_place.setdefault(share.place, []).append(_scaled(whole.price, share))
    prices = {
        (rules[place].place.file, rules[place].place.line): _mean(found)
        for place, found in by_place.items()
        if place < len(rules)
    }
    priced = (
        replace(line, event=prices.get((line.rule.file, line.rule.line))) for line in bill.lines
    )
    cautions = (*bill.cautions, *_cautions(faults))
    return replace(bill, lines=tuple(priced), loads=tuple(loads), cautions=cautions)


def _counts(answered: Answered) -> tuple[dict[EventTrial, list[_Counts]], list[str]]:
    """What was counted of each trial, boot by boot, and why others were not."""
    counts: dict[EventTrial, list[_Counts]] = {}
    faults = []
    for trial, answer in answered:
        if fault := _fault(answer):
            faults.append(f"{trial.load}: {fault}")
            continue
        done, received = worker_said(answer["worker"]), consumer_said(answer["consumer"])
        assert received is not None
        calls = received.of_session(done.session).by_syscall.values()
        counts.setdefault(trial, []).append(
            _Counts(
                load=float(answer["instructions_per_op"]),
                kauditd=answer["kauditd_ns"] / done.ops,
                consumer=answer["consumer_ns"] / done.ops,
                events=sum(call.complete + call.partial for call in calls) / done.ops,
            )
        )
    return counts, faults


def _fault(answer: Mapping[str, Any]) -> str:
    """What makes a trial useless; empty for one that is not."""
    if answer["event"] == "refused" or "failed" in answer:
        return str(answer.get("message") or answer.get("failed"))
    if worker_said(answer["worker"]).failures:
        return "operations of the load failed"
    if answer["markers_sent"] is None:
        return "the sync marker never came back"
    before, after = (AuditStatus(**answer[name]) for name in ("status_before", "status_after"))
    return "events were lost" if after.lost != before.lost else ""


def _by_place(calls: Iterable[Mapping[str, Any]], rules: Sequence[LoadedRule]) -> list[_Heard]:
    """What was heard of a load, by rule; without the tag that its rule had for a key."""
    found: dict[int, _Heard] = {}
    for call in calls:
        place = place_of(call["key"])
        place = len(rules) if place is None else place
        each = found.setdefault(place, _Heard(place))
        each.events += call["events"]
        each.records += call["records"]
        each.bytes += call["bytes"]
        if place < len(rules):
            each.bytes += call["events"] * (_key_bytes(rules[place]) - len(f'"{tag_of(place)}"'))
    return sorted(found.values(), key=lambda each: each.place)


def _key_bytes(rule: LoadedRule) -> int:
    """The length of a key as a record has it; several keys are written in hexadecimal."""
    key = rule.view.key
    if not key:
        return len("(null)")
    return 2 * len(key) if KEY_SEPARATOR in key else len(key) + 2


def _mean_event(
    name: str, counts: Mapping[EventTrial, Sequence[_Counts]], shares: Sequence[_Heard]
) -> CountedLoad | None:
    """The mean of a load's events, without its lines; None where it made none."""
    recorded = counts.get(EventTrial(name, recorded=True), ())
    silent = counts.get(EventTrial(name, recorded=False), ())
    events = fmean(each.events for each in recorded) if recorded else 0.0
    heard = sum(share.events for share in shares)
    if not events or not silent or not heard:
        return None
    quiet = fmean(each.load for each in silent)
    price = EventPrice(
        loads=(name,),
        records=sum(share.records for share in shares) / heard,
        bytes=sum(share.bytes for share in shares) / heard,
        load=(fmean(each.load for each in recorded) - quiet) / events,
        kauditd=fmean(each.kauditd for each in recorded) / events,
        consumer=fmean(each.consumer for each in recorded) / events,
    )
    sums = [each.load - quiet + each.kauditd + each.consumer for each in recorded]
    apart = (max(sums) - min(sums)) / fmean(sums)
    return CountedLoad(name, events, price, (), behind=False, apart=apart)


def _scaled(price: EventPrice, share: _Heard) -> EventPrice:
    """The price of one rule's events of a load: as many records, so much of the load's price."""
    records = share.records / share.events
    factor = records / price.records
    return replace(
        price,
        records=records,
        bytes=share.bytes / share.events,
        load=price.load * factor,
        kauditd=price.kauditd * factor,
        consumer=price.consumer * factor,
    )


def _mean(prices: Sequence[EventPrice]) -> EventPrice:
    return EventPrice(
        loads=tuple(load for price in prices for load in price.loads),
        records=fmean(price.records for price in prices),
        bytes=fmean(price.bytes for price in prices),
        load=fmean(price.load for price in prices),
        kauditd=fmean(price.kauditd for price in prices),
        consumer=fmean(price.consumer for price in prices),
    )


def _cautions(faults: Sequence[str]) -> Iterator[Caution]:
    if faults:
        yield Caution(
            INVALID_TRIALS,
            f"the events of a load could not be counted in {len(faults)} of the trials: "
            f"{plain(faults[0])}",
        )
