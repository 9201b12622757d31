"""The bill of a rule file: having rules at all, then a row per line, then totals by key."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.cost import Bill, Logged, Priced
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
    logged = bill.days is not None or any(line.logged for line in bill.lines)
    yield Grid("bill", "Instructions per call that no rule records:", _columns(logged=logged),
               tuple(_rows(bill, logged=logged)))  # fmt: skip
    keys = by_key(bill)
    if len(keys) > 1:
        yield Grid("keys", "By key:", (Column("key", left=True), *columns("lines", "tax", left=0)),
                   tuple(_key_row(name, lines) for name, lines in keys.items()))  # fmt: skip
    if bill.residue is not None:
        yield Line(_sum_words(bill))
    if logged:
        yield Line(_log_words(bill))
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
        f"having rules at all is {_instructions(bill.any_rule)} of it, "
        f"{counted(len(bill.lines), 'line')} {_instructions(bill.taxes)}"
    )
    if not dearest.tax or dearest.tax <= bill.floor:
        return f"{said}."
    where = place_words(dearest.rule, tuple(line.rule for line in bill.lines))
    return f"{said}; the dearest is {where} with {_instructions(dearest.tax)}."


def by_key(bill: Bill) -> dict[str, list[Priced]]:
    """The lines by key, the dearest key first."""
    found: dict[str, list[Priced]] = {}
    for line in bill.lines:
        found.setdefault(line.rule.key or NO_KEY, []).append(line)
    return dict(sorted(found.items(), key=lambda item: -sum(each.tax or 0.0 for each in item[1])))


def _columns(*, logged: bool) -> tuple[Column, ...]:
    log = (*columns("events", "events per day", "bytes per day", left=0),) if logged else ()
    return (
        Column("line", left=True),
        Column("tax"),
        Column("share"),
        *log,
        Column("priced together", media=WIDE),
        Column("rule", left=True, shortened=True),
    )


def _rows(bill: Bill, *, logged: bool) -> Iterator[tuple[Box, ...]]:
    nothing = (text(NOTHING),) * 3 if logged else ()
    yield (text(""), number(_instructions(bill.any_rule), bill.any_rule),
           _share(bill.any_rule, bill), *nothing, text(NOTHING), text(ANY_RULE))  # fmt: skip
    for line in bill.lines:
        log = _logged(line.logged) if logged else ()
        together = text(NOTHING) if line.group == 1 else number(count(line.group), line.group)
        yield (text(_place(line, bill)), _tax(line), _share(line.tax, bill), *log, together,
               text(plain(line.rule.text)))  # fmt: skip


def _place(line: Priced, bill: Bill) -> str:
    if len(bill.files) == 1:
        return str(line.rule.line)
    return f"{plain(line.rule.file)}:{line.rule.line}"


def _tax(line: Priced) -> Box:
    shown = _instructions(line.tax)
    return number(f"= {shown}" if line.equal else shown, line.tax)


def _share(tax: float | None, bill: Bill) -> Box:
    if tax is None or not bill.whole:
        return text(NOTHING)
    return number(share(tax / bill.whole), tax / bill.whole)


def _logged(found: Logged | None) -> tuple[Box, ...]:
    if found is None:
        return (text(NOTHING),) * 3
    return (number(count(found.events), found.events),
            number(count(found.events_per_day), found.events_per_day),
            number(count(found.bytes_per_day), found.bytes_per_day))  # fmt: skip


def _key_row(name: str, lines: list[Priced]) -> tuple[Box, ...]:
    total = sum(line.tax or 0.0 for line in lines)
    return (
        text(plain(name)),
        number(count(len(lines)), len(lines)),
        number(_instructions(total), total),
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


def _log_words(bill: Bill) -> str:
    over = "a log that covers no time" if bill.days is None else f"a log of {bill.days:,.2f} d"
    if bill.unassigned is None or not bill.unassigned.events:
        return f"Of {over} each event of these rules is that of one line."
    return f"Of {over} {counted(bill.unassigned.events, 'event')} cannot be told to be of one line."


def _instructions(value: float | None, digits: int = 1) -> str:
    return NOTHING if value is None else signed(f"{value:,.{digits}f}")
