"""The bill of a rule file: having rules at all, a row per line, events, totals by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.counted import counted
from harness.model.cost import Bill, Priced
from harness.plain import plain
from harness.reporters.page import (
    WIDE,
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
)
from harness.reporters.rules.cover import place_words
from harness.reporters.rules.event_grids import event_parts, is_logged, log_parts, place_of_line
from harness.reporters.units import NOTHING, count, share, signed

ANY_RULE = "any rule at all"
NO_KEY = "(no key)"
_SMALLEST_SHOWN = 0.05
"""Instructions: less is printed as 0.0."""


def cost_page(bill: Bill) -> Page:
    """All that a bill says."""
    return Page("auditbench rules cost", tuple(_parts(bill)))


def _parts(bill: Bill) -> Iterator[Part]:
    yield Line(plain(cost_sentence(bill)), "answer")
    yield from bill.cautions
    yield Grid(
        "bill", "Instructions per call that no rule records:", _columns(), tuple(_rows(bill))
    )
    if bill.residue is not None and not _uncounted(bill):
        yield Line(_sum_words(bill))
    yield from event_parts(bill)
    yield from log_parts(bill)
    keys = by_key(bill)
    if len(keys) > 1:
        log = ("events per day", "instructions per day", "share") if is_logged(bill) else ()
        yield Grid("keys", "By key:",
                   (Column("key", left=True), *columns("lines", "tax", *log, left=0)),
                   tuple(_key_row(total, bill) for total in keys))  # fmt: skip
    yield Line(
        f"= stands before a tax that is not below the one above it: the boots differ by "
        f"{_instructions(bill.floor, 2)} instructions at most, and no smaller difference means "
        f"anything; counted under Linux {bill.guest.kernel}; see docs/rules-cost.md",
        "note",
    )


def cost_sentence(bill: Bill) -> str:
    """The answer in one line."""
    if bill.whole is None or bill.any_rule is None or not bill.lines:
        return "The file could not be counted."
    dearest = bill.lines[0]
    said = (
        f"The file costs every call {_instructions(bill.whole)} instructions more than no rules: "
        f"having rules at all is {_instructions(bill.any_rule)} of it"
    )
    lines = counted(len(bill.lines), "line")
    if lacking := _uncounted(bill):
        return f"{said}; {lacking} of {lines} could not be counted."
    said = f"{said}, {lines} {_instructions(bill.taxes)}"
    if not dearest.tax or dearest.tax <= bill.floor:
        return f"{said}."
    where = place_words(dearest.rule, tuple(line.rule for line in bill.lines))
    return f"{said}; the dearest is {where} with {_instructions(dearest.tax)}."


def _uncounted(bill: Bill) -> int:
    """How many lines have no tax, as a state could not be counted."""
    return sum(line.tax is None for line in bill.lines)


@dataclass(frozen=True, slots=True)
class KeyTotal:
    """The lines of a key together; None per day and share where no log says so, for the tax where
    that of a line was not counted.
    """

    key: str
    lines: int
    tax: float | None
    events_per_day: float | None
    instructions_per_day: float | None
    share: float | None


def by_key(bill: Bill) -> list[KeyTotal]:
    """Totals by key, the dearest first: by the events of a log where there is one, then by tax."""
    found: dict[str, list[Priced]] = {}
    for line in bill.lines:
        found.setdefault(line.rule.key or NO_KEY, []).append(line)
    totals = (_total(key, lines) for key, lines in found.items())
    return sorted(totals, key=lambda total: (-(total.share or 0.0), -(total.tax or 0.0)))


def _total(key: str, lines: list[Priced]) -> KeyTotal:
    taxes = [line.tax for line in lines if line.tax is not None]
    logged = [line.logged for line in lines if line.logged is not None]
    return KeyTotal(
        key=key,
        lines=len(lines),
        tax=sum(taxes) if len(taxes) == len(lines) else None,
        events_per_day=_sum(each.events_per_day for each in logged),
        instructions_per_day=_sum(each.instructions_per_day for each in logged),
        share=_sum(each.share for each in logged),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _columns() -> tuple[Column, ...]:
    return (
        Column("line", left=True),
        Column("tax"),
        Column("share"),
        Column("priced together", media=WIDE),
        Column("rule", left=True, shortened=True),
    )


def _rows(bill: Bill) -> Iterator[tuple[Box, ...]]:
    yield (text(""), number(_instructions(bill.any_rule), bill.any_rule),
           _share(bill.any_rule, bill), text(NOTHING), text(ANY_RULE))  # fmt: skip
    for line in bill.lines:
        together = text(NOTHING) if line.group == 1 else number(count(line.group), line.group)
        place = text(place_of_line(line.rule, bill.files))
        yield (place, _tax(line), _share(line.tax, bill), together, text(plain(line.rule.text)))


def _tax(line: Priced) -> Box:
    shown = _instructions(line.tax)
    return number(f"= {shown}" if line.equal else shown, line.tax)


def _share(tax: float | None, bill: Bill) -> Box:
    if tax is None or not bill.whole:
        return text(NOTHING)
    return number(share(tax / bill.whole), tax / bill.whole)


def _key_row(total: KeyTotal, bill: Bill) -> tuple[Box, ...]:
    row = (
        text(plain(total.key)),
        number(count(total.lines), total.lines),
        number(_instructions(total.tax), total.tax),
    )
    if not is_logged(bill):
        return row
    return (
        *row,
        number(count(total.events_per_day), total.events_per_day),
        number(count(total.instructions_per_day), total.instructions_per_day),
        number(share(total.share), total.share),
    )


def _sum_words(bill: Bill) -> str:
    assert bill.whole is not None
    assert bill.any_rule is not None
    assert bill.residue is not None
    words = (
        f"First row and taxes are {_instructions(bill.any_rule + bill.taxes)}, the file as a whole "
        f"{_instructions(bill.whole)}"
    )
    if abs(bill.residue) <= max(bill.floor * len(bill.lines), _SMALLEST_SHOWN):
        return f"{words}: it adds up."
    part = share(abs(bill.residue) / bill.whole) if bill.whole else NOTHING
    return f"{words}: {_instructions(bill.residue)} ({part}) do not add up."


def _instructions(value: float | None, digits: int = 1) -> str:
    return NOTHING if value is None else signed(f"{value:,.{digits}f}")
