"""What events cost, by line: what was counted of them, and what a log's events come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.model.cost import Bill, EventPrice, Logged, Priced
from harness.model.cover import RuleAt
from harness.plain import plain
from harness.reporters.estimate import span
from harness.reporters.page import Box, Column, Grid, Line, Part, columns, number, text
from harness.reporters.units import NOTHING, count, share, signed

_DAY_S = 86_400
NO_LINE = "(no single line)"
ESTIMATED = "~"


def event_parts(bill: Bill) -> Iterator[Part]:
    """The price of an event of each line that a counted load hits, and of a record."""
    priced = [line for line in bill.lines if line.event is not None]
    if priced:
        names = ("records", "bytes", "load", "kauditd", "consumer", "together")
        yield Grid(
            "events",
            "Instructions per event, where a counted load makes one:",
            (Column("line", left=True), Column("loads", left=True), *columns(*names, left=0)),
            tuple(_event_row(line, line.event, bill) for line in priced if line.event is not None),
        )
    if bill.loads:
        yield Line(record_words(bill))


def log_parts(bill: Bill) -> Iterator[Part]:
    """What the events of a log come to, the dearest line first."""
    if not is_logged(bill):
        return
    names = (
        "events",
        "events per day",
        "bytes per day",
        "an event",
        "instructions per day",
        "share",
    )
    yield Grid(
        "log",
        "Events recorded:",
        (
            Column("line", left=True),
            *columns(*names, left=0),
            Column("rule", left=True, shortened=True),
        ),
        tuple(_log_rows(bill)),
    )
    yield Line(_log_words(bill))


def is_logged(bill: Bill) -> bool:
    """Whether the bill has what a log says."""
    return bill.days is not None or any(line.logged for line in bill.lines)


def record_words(bill: Bill) -> str:
    """The price of a record, and how far the loads' are apart."""
    prices = sorted(load.price.per_record for load in bill.loads)
    names = ", ".join(load.name for load in bill.loads)
    apart = max(load.apart for load in bill.loads)
    words = (
        f"A record costs {count(prices[0])} to {count(prices[-1])} instructions in "
        f"{counted(len(prices), 'counted load')} ({names}); their boots differ by "
        f"{share(apart)} at most."
    )
    if not is_logged(bill):
        return words
    mean = count(bill.record_price)
    return (
        f"{words} {ESTIMATED} stands before an event that is priced by its records, at {mean} each."
    )


def place_of_line(rule: RuleAt, files: Sequence[str]) -> str:
    """A line, with its file where there are several."""
    return str(rule.line) if len(files) == 1 else f"{plain(rule.file)}:{rule.line}"


def by_cost(bill: Bill) -> list[Priced]:
    """The lines by what their events in the log cost, the dearest first."""
    return sorted(bill.lines, key=lambda line: -(_instructions(line) or 0.0))


def event_cost(line: Priced, bill: Bill) -> float | None:
    """Instructions of an event of a line as the log has them; as counted where it has none."""
    logged = line.logged
    if logged is not None and logged.events and logged.instructions is not None:
        return logged.instructions / logged.events
    return line.event.total if line.event is not None else None


def _instructions(line: Priced) -> float | None:
    return line.logged.instructions if line.logged is not None else None


def _event_row(line: Priced, price: EventPrice, bill: Bill) -> tuple[Box, ...]:
    return (
        text(place_of_line(line.rule, bill.files)),
        text(", ".join(price.loads)),
        number(f"{price.records:,.1f}", price.records),
        *(
            number(count(each), each)
            for each in (price.bytes, price.load, price.kauditd, price.consumer, price.total)
        ),
    )


def _log_rows(bill: Bill) -> Iterator[tuple[Box, ...]]:
    for line in by_cost(bill):
        if line.logged is not None:
            each = event_cost(line, bill)
            mark = "" if line.event is not None else ESTIMATED
            yield (text(place_of_line(line.rule, bill.files)), *_log_boxes(line.logged, each, mark),
                   text(plain(line.rule.text)))  # fmt: skip
    if (rest := bill.unassigned) is not None and rest.events:
        each = None if rest.instructions is None else rest.instructions / rest.events
        yield (text("none"), *_log_boxes(rest, each, ESTIMATED), text(NO_LINE))


def _log_boxes(found: Logged, each: float | None, mark: str) -> Iterator[Box]:
    for value in (found.events, found.events_per_day, found.bytes_per_day):
        yield number(count(value), value)
    yield number(f"{mark}{count(each)}" if each is not None else NOTHING, each)
    yield number(count(found.instructions_per_day), found.instructions_per_day)
    yield number(share(found.share), found.share)


def _log_words(bill: Bill) -> str:
    over = "records that cover no time" if bill.days is None else f"{_time(bill.days)} of records"
    if bill.unassigned is None or not bill.unassigned.events:
        said = f"In {over}, each event of these rules is assigned to one line."
    else:
        events = counted(bill.unassigned.events, "event")
        said = f"In {over}, {events} cannot be assigned to a single line."
    return signed(said)


def _time(days: float) -> str:
    return f"{days:,.2f} d" if days >= 1 else span(days * _DAY_S)
