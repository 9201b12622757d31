"""A against B in instructions: the answer in words, then what each costs."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.ab import CountAbReport
from harness.model.count import CountedCell
from harness.model.count_changes import CountChange
from harness.model.rules.coverage_change import cautions_of
from harness.plain import plain
from harness.reporters.ab import sides
from harness.reporters.counts.compare import standards, told_changes
from harness.reporters.counts.numbers import (
    count_box,
    instructions,
    more,
    share_more,
    short_kernel_names,
)
from harness.reporters.page import (
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
    verdict,
)
from harness.reporters.rules.coverage_change import change_parts, coverage_sentences
from harness.reporters.units import NOTHING, share
from harness.reporters.words import COUNT_VERDICTS, metric_words

_COLUMNS = (
    *columns("workload", "scenario", "per operation", "difference", "change", left=2),
    Column("verdict"),
)


def count_ab_page(ab_report: CountAbReport) -> Page:
    """Two rule sets, each against the other and both against the reference."""
    return Page("auditbench ab", tuple(_parts(ab_report)))


def _parts(ab_report: CountAbReport) -> Iterator[Part]:
    yield from (Line(plain(words), "answer") for words in count_ab_sentences(ab_report))
    seen = coverage_sentences(ab_report.coverage)
    yield from (Line(words, "answer") for words in seen)
    yield from map(Line, map(plain, sides(ab_report)))
    yield from (*ab_report.cautions, *cautions_of(ab_report.coverage))
    shown = told_changes(ab_report.changes)
    for metric in dict.fromkeys(change.metric for change in shown):
        yield _costs(ab_report, metric)
    yield from change_parts(ab_report.coverage)
    notes = (f"one operation of {name}: {what}" for name, what in ab_report.operations.items())
    yield from (Line(words, "note") for words in (*notes, *standards(shown), _under(ab_report)))


def count_ab_sentences(ab_report: CountAbReport) -> list[str]:
    """What was asked, answered: one sentence per workload, and one for what events cost more."""
    if ab_report.doubts:
        return ["Not trustworthy: " + "; ".join(ab_report.doubts) + "."]
    if not ab_report.changes:
        return ["Inconclusive: A and B have no workload in common."]
    return [_sentence(ab_report, change) for change in ab_report.decided]


def _sentence(ab_report: CountAbReport, change: CountChange) -> str:
    where, what = _where(ab_report, change), f"{metric_words(change.metric)} per operation"
    by = f"{share_more(change.share)}, {more(change.difference)}"
    if change.verdict in ("better", "worse"):
        size, than = instructions(abs(change.difference)), "less than A"
        if change.verdict == "worse":
            than = "more than A"
        if change.share is None:
            return f"{where}: B costs {size} {than} ({what}, of which A has none)."
        return f"{where}: B costs {share(abs(change.share))} {than} ({size} {what})."
    if change.verdict == "equal":
        return (
            f"{where}: equal: B costs {by} {what} against A, within the margin of "
            f"{share(change.margin)}."
        )
    if change.verdict == "no-floor":
        return f"{where}: inconclusive: {by} {what}; there was but one boot, and so no floor."
    return (
        f"{where}: inconclusive: {by} {what}; boots of the same lie {instructions(change.floor)} "
        f"apart, more than the margin of {share(change.margin)}."
    )


def _costs(ab_report: CountAbReport, metric: str) -> Grid:
    """Per workload: the reference, A and B against it, and B against A."""
    letters = {ab_report.a.scenario: "A", ab_report.b.scenario: "B"}
    rows = [
        _reference_row(ab_report, cell)
        for cell in ab_report.result.cells
        if cell.metric == metric and cell.scenario == ab_report.result.reference
    ]
    costs = (change for change in ab_report.costs if change.metric == metric)
    rows += [_row(ab_report, change, letters[change.scenario]) for change in costs]
    own = (change for change in ab_report.changes if change.metric == metric)
    rows += [_row(ab_report, change, "B against A") for change in own]
    caption = f"{metric_words(metric)} per operation: against the reference, and B against A"
    return Grid(f"costs-{metric}", caption, _COLUMNS, tuple(rows))


def _reference_row(ab_report: CountAbReport, cell: CountedCell) -> tuple[Box, ...]:
    nothing = number(NOTHING, None)
    return (
        text(_where(ab_report, cell)),
        text(cell.scenario),
        count_box(cell.estimate),
        nothing,
        nothing,
        text(NOTHING),
    )


def _row(ab_report: CountAbReport, change: CountChange, name: str) -> tuple[Box, ...]:
    return (
        text(_where(ab_report, change)),
        text(name),
        count_box(change.head),
        number(more(change.difference), change.difference),
        number(share_more(change.share), change.share),
        verdict(COUNT_VERDICTS[change.verdict]),
    )


def _where(ab_report: CountAbReport, cell: CountChange | CountedCell) -> str:
    """The workload, and the kernel where there are several."""
    names = [guest.name for guest in ab_report.result.guests]
    if len(names) < 2 or cell.kernel not in names:
        return cell.workload
    return f"{cell.workload}, Linux {short_kernel_names(names)[names.index(cell.kernel)]}"


def _under(ab_report: CountAbReport) -> str:
    """What it was counted under."""
    guests = [f"Linux {guest.kernel} ({guest.source})" for guest in ab_report.result.guests]
    boots = max((len(cell.boots) for cell in ab_report.result.cells), default=0)
    return plain(
        f"counted under {', '.join(guests) or 'no kernel'} in {counted(boots, 'boot')}; "
        "instructions are not time, and loss is not judged: see docs/count.md"
    )
