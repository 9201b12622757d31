"""The timed bill of a rule file: having rules at all, and a row per line with its interval."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.rules.timed_cost import Time, TimedBill
from harness.plain import plain
from harness.reporters.page import WIDE, Box, Column, Grid, Line, Page, Part, number, text
from harness.reporters.rules.cost import ANY_RULE
from harness.reporters.rules.cover import place_words
from harness.reporters.rules.event_grids import place_of_line
from harness.reporters.units import NOTHING, count, signed


def timed_cost_page(bill: TimedBill) -> Page:
    """All that a timed bill says."""
    return Page("auditbench rules cost --timed", tuple(_parts(bill)))


def _parts(bill: TimedBill) -> Iterator[Part]:
    yield Line(plain(timed_cost_sentence(bill)), "answer")
    yield from bill.cautions
    columns = (
        Column("line", left=True),
        Column("ns"),
        Column("95 % interval"),
        Column("priced together", media=WIDE),
        Column("rule", left=True, shortened=True),
    )
    yield Grid("bill", "Nanoseconds per call that no rule records:", columns, tuple(_rows(bill)))
    yield Line(_sum_words(bill))
    aside = f", {bill.left_aside} more left aside" if bill.left_aside else ""
    yield Line(
        "= stands before a line whose interval overlaps that of the line above: they cannot be "
        f"told apart. Of {counted(bill.trials, 'trial')} without rules, under the file and under "
        f"random parts of it{aside}; "
        f"stored in {plain(bill.folder)}; see docs/rules-cost.md",
        "note",
    )


def timed_cost_sentence(bill: TimedBill) -> str:
    """The answer in one line."""
    base = f"Without rules a call takes {_ns(bill.no_rules.ns)} ns; "
    if not bill.whole.is_told:
        return f"{base}what the file adds cannot be told from zero ({_interval(bill.whole)} ns)."
    said = (
        f"{base}the file adds {_ns(bill.whole.ns)} ns ({_interval(bill.whole)}): having rules at "
        f"all is {_ns(bill.any_rule.ns)}, {counted(len(bill.lines), 'line')} {_ns(bill.taxes_ns)}"
    )
    told = [line for line in bill.lines if line.tax.is_told and line.tax.ns > 0]
    if not told:
        return f"{said}; no line can be told from zero."
    dearest = told[0]
    where = place_words(dearest.rule, tuple(line.rule for line in bill.lines))
    others = (line for line in bill.lines if line is not dearest)
    also = sum(line.tax.high_ns >= dearest.tax.low_ns for line in others)
    alike = f", though {counted(also, 'other line')} may be as dear" if also else ""
    which = "the dearest is" if dearest is bill.lines[0] else "the dearest that can be told is"
    return f"{said}; {which} {where} with {_ns(dearest.tax.ns)}{alike}."


def _rows(bill: TimedBill) -> Iterator[tuple[Box, ...]]:
    yield (text(""), number(_ns(bill.any_rule.ns), bill.any_rule.ns),
           text(_interval(bill.any_rule)), text(NOTHING), text(ANY_RULE))  # fmt: skip
    for line in bill.lines:
        together = text(NOTHING) if line.group == 1 else number(count(line.group), line.group)
        shown = _ns(line.tax.ns)
        yield (
            text(place_of_line(line.rule, bill.files)),
            number(f"= {shown}" if line.equal else shown, line.tax.ns),
            text(_interval(line.tax)),
            together,
            text(plain(line.rule.text)),
        )


def _sum_words(bill: TimedBill) -> str:
    together = bill.any_rule.ns + bill.taxes_ns
    words = f"First row and lines are {_ns(together)} ns, the file as a whole {_ns(bill.whole.ns)}"
    if bill.whole.low_ns <= together <= bill.whole.high_ns:
        return f"{words}: they agree within its interval ({_interval(bill.whole)})."
    return f"{words} ({_interval(bill.whole)}): {_ns(bill.residue_ns)} ns do not add up."


def _ns(value: float) -> str:
    return signed(f"{value:,.1f}")


def _interval(time: Time) -> str:
    return f"{_ns(time.low_ns)} to {_ns(time.high_ns)}"
