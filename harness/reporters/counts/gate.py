"""What a gate on counts decided: the verdict, and a row per check."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import agreeing, counted
from harness.model.count_gate import CountCheck, CountGateReport
from harness.reporters.counts.numbers import count_box, instructions, more, share_more
from harness.reporters.page import (
    WIDE,
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    number,
    text,
    verdict,
)
from harness.reporters.rules.coverage_change import blind_parts, blind_words
from harness.reporters.words import OUTCOMES, metric_title, metric_words

_COLUMNS = (
    Column("limit", left=True),
    Column("cell", left=True),
    Column("reference", media=WIDE),
    Column("counted"),
    Column("difference"),
    Column("change"),
    Column("floor"),
    Column("outcome"),
)


def count_gate_page(report: CountGateReport) -> Page:
    """All that a gate on counts says."""
    return Page("auditbench gate", tuple(_parts(report)))


def _parts(report: CountGateReport) -> Iterator[Part]:
    yield Line(count_gate_sentence(report), "answer")
    yield from report.cautions
    if report.checks:
        rows = tuple(_row(check, report) for check in report.checks)
        titles = dict.fromkeys(metric_title(check.limit.metric) for check in report.checks)
        yield Grid("checks", ", ".join(titles).capitalize(), _COLUMNS, rows)
    yield from blind_parts(report.blind)
    for against in dict.fromkeys(check.against for check in report.checks):
        yield Line(f"the difference is to {against}", "note")
    if any(check.outcome == "inconclusive" for check in report.checks):
        words = (
            "inconclusive: the limit is nearer than the floor, by which boots of the same differ"
        )
        yield Line(words, "note")
    if report.result is not None:
        for guest in report.result.guests:
            yield Line(f"counted in {report.result.run} under Linux {guest.kernel}", "note")


def count_gate_sentence(report: CountGateReport) -> str:
    """The verdict in one sentence."""
    outcomes = report.outcomes
    checks = counted(len(outcomes), "check")
    failed, unknown = outcomes.count("fail"), outcomes.count("inconclusive")
    are = agreeing(unknown, "is", "are")
    if report.verdict == "untrustworthy":
        return "The gate is not trustworthy: " + "; ".join(report.doubts) + "."
    if report.verdict == "fail":
        exceed = agreeing(failed, "exceeds its", "exceed their")
        said = [words for words in (_worst(report), blind_words(report.blind)) if words]
        return f"The gate fails: {failed} of {checks} {exceed} limit, {'; '.join(said)}."
    if report.tests_nothing:
        how = "is inconclusive" if report.strict else "passes"
        return f"The gate {how}: nothing could be lost in {checks}."
    if report.verdict == "inconclusive":
        return f"The gate is inconclusive: {unknown} of {checks} {are}."
    words = f"The gate passes: no limit of {checks} is exceeded"
    return (
        f"{words}; {unknown} {are} inconclusive, which passes as asked." if unknown else f"{words}."
    )


def _worst(report: CountGateReport) -> str:
    """The check that is farthest beyond its limit; empty where none is."""
    failed = [check for check in report.checks if check.outcome == "fail"]
    if not failed:
        return ""
    worst = max(failed, key=lambda check: check.share or 0.0)
    return (
        f"most of all {check_cell_name(worst, report)}, {more(worst.difference)} "
        f"{metric_words(worst.limit.metric)} ({share_more(worst.share)})"
    )


def check_cell_name(check: CountCheck, report: CountGateReport) -> str:
    """Workload and scenario, and the kernel where there are several of them."""
    names = [check.workload, check.scenario]
    if len({other.kernel for other in report.checks}) > 1:
        names.append(check.kernel)
    return " × ".join(names)


def check_words(check: CountCheck) -> str:
    """One check in words, with its numbers."""
    return (
        f"{instructions(check.head)} {metric_words(check.limit.metric)}, {more(check.difference)} "
        f"({share_more(check.share)}) to {check.against}, floor {instructions(check.floor, 2)}: "
        f"{OUTCOMES[check.outcome].word}"
    )


def _row(check: CountCheck, report: CountGateReport) -> tuple[Box, ...]:
    return (
        text(check.limit.text),
        text(check_cell_name(check, report)),
        count_box(check.base),
        count_box(check.head),
        number(more(check.difference), check.difference),
        number(share_more(check.share), check.share),
        count_box(check.floor, 2),
        verdict(OUTCOMES[check.outcome]),
    )
