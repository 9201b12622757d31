"""What a gate decided: the verdict, a row per reading, and each check in words."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import agreeing, counted
from harness.model.gate import Check, GateReport, Limit, Reading
from harness.reporters.page import (
    INTERVAL,
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
from harness.reporters.parts.deciding import gate_words
from harness.reporters.parts.ranking import size
from harness.reporters.parts.waiting import waiting_sentences
from harness.reporters.rules.coverage_change import blind_parts, blind_words
from harness.reporters.units import NOTHING, duration, interval, ratio, share
from harness.reporters.words import OUTCOMES

_COLUMNS = (
    *columns("limit", "cell", "measured", left=2),
    *INTERVAL,
    Column("outcome"),
)


def gate_page(report: GateReport) -> Page:
    """All that a gate says."""
    return Page("auditbench gate", tuple(_parts(report)))


def _parts(report: GateReport) -> Iterator[Part]:
    yield Line(gate_sentence(report), "answer")
    yield from report.cautions
    rows = tuple(row for check in report.checks for row in _rows(check, report))
    yield Grid("checks", "Checks", _COLUMNS, rows)
    yield from blind_parts(report.blind)
    yield from map(Line, waiting_notes(report))
    yield from map(Line, notes(report))
    yield from (Line(words, "note") for words in _standards(report))


def _rows(check: Check, report: GateReport) -> Iterator[tuple[Box, ...]]:
    """One row per reading, and what they come to where the second does not say it all.

    Names that the row above has already are not shown again; their values stay.
    """
    name = _cell_name(check, report)
    first = (text(check.limit.text), text(name))
    for place, reading in enumerate(check.readings):
        names = first if place == 0 else _again(check, name, "once more")
        yield (*names, *_reading_boxes(check.limit, reading), verdict(OUTCOMES[reading.outcome]))
    if check.outcome != check.readings[-1].outcome:
        unread = (Box(""),) * (1 + len(INTERVAL))
        yield (*_again(check, name, "together"), *unread, verdict(OUTCOMES[check.outcome]))


def _again(check: Check, name: str, words: str) -> tuple[Box, Box]:
    return Box("", check.limit.text), Box(f"  {words}", f"{name}, {words}")


def _reading_boxes(limit: Limit, reading: Reading) -> tuple[Box, ...]:
    """The estimate and the interval; the numbers in the terms of the limit's bound."""
    estimate, between = reading_values(limit, reading)
    low, high = reading.low, reading.high
    return (
        number(estimate, reading.estimate),
        text(between),
        number(_bound(limit, low), low),
        number(_bound(limit, high), high),
    )


def _bound(limit: Limit, value: float | None) -> str:
    """An end of an interval in the units of the limit."""
    if limit.basis == "loss":
        return share(value)
    if limit.basis == "size":
        return size(value)
    return ratio(value) if limit.basis == "reference" else duration(value)


def _standards(report: GateReport) -> Iterator[str]:
    """What the ratios are ratios to, and how far the reference is from itself."""
    if names := sorted({check.against for check in report.checks if check.against}):
        yield f"× is the ratio to {', '.join(names)}"
    for result in report.results:
        for floor in result.noise_floor:
            yield (
                f"noise floor of {floor.workload} in {result.run}: {ratio(floor.ratio)} "
                f"({interval(floor.ci_low, floor.ci_high)})"
            )


def gate_sentence(report: GateReport) -> str:
    """The verdict in one sentence."""
    checks = counted(len(report.outcomes), "check")
    failed = report.outcomes.count("fail")
    inconclusive = report.outcomes.count("inconclusive")
    are = agreeing(inconclusive, "is", "are")
    if report.verdict == "untrustworthy":
        return "The gate is not trustworthy: " + "; ".join(report.doubts) + "."
    if report.verdict == "fail":
        exceed = agreeing(failed, "exceeds its", "exceed their")
        blind = blind_words(report.blind)
        said = f"The gate fails: {failed} of {checks} {exceed} limit"
        return f"{said}; {blind}." if blind else f"{said}."
    if report.tests_nothing:
        how = "is inconclusive" if report.strict else "passes"
        return f"The gate {how}: no event could be lost in {checks}."
    if report.verdict == "inconclusive":
        return f"The gate is inconclusive: {inconclusive} of {checks} {are}."
    if inconclusive:
        return (
            f"The gate passes: no limit is exceeded; {inconclusive} of {checks} {are} "
            "inconclusive, which passes as asked."
        )
    within = report.outcomes.count("pass")
    all_within = agreeing(within, "is within its limit", "are within their limit")
    words = f"The gate passes: {within} of {checks} {all_within}"
    eventless = len(report.outcomes) - within
    return words + (f"; in {eventless} no event could be lost." if eventless else ".")


def check_sentences(check: Check) -> list[str]:
    """What a reader needs beside the row of a check: what could be shown, what loss means."""
    return [words for reading in check.readings if (words := _explained(check.limit, reading))]


def _explained(limit: Limit, reading: Reading) -> str:
    if reading.note:
        return f"inconclusive: {reading.note}"
    if limit.basis == "loss":
        return _of_loss(reading)
    if reading.outcome != "inconclusive":
        return ""
    blocks = counted(reading.count, "block detects", "blocks detect")
    other = gate_words(limit, reading)
    words = f"the interval holds the limit; {blocks} a difference of"
    if reading.blocks_needed is None:
        return f"{words} {share(reading.detectable)}; more blocks would hardly decide{other}"
    return (
        f"{words} {share(reading.detectable)}, "
        f"about {counted(reading.blocks_needed, 'block')} would decide{other}"
    )


def _of_loss(reading: Reading) -> str:
    if reading.outcome == "no-events":
        return "no events: none could be lost, so this says nothing about loss"
    trials = counted(reading.count, "trial")
    if reading.lossy:
        return f"events lost in {reading.lossy} of {trials}"
    return (
        f"none lost in {trials}; a loss in up to {share(reading.high)} of trials cannot be excluded"
    )


def notes(report: GateReport) -> Iterator[str]:
    """The sentences of all checks, those that several cells share said once."""
    cells: dict[tuple[str, str], list[str]] = {}
    for check in report.checks:
        for words in dict.fromkeys(check_sentences(check)):
            cells.setdefault((check.limit.text, words), []).append(_cell_name(check, report))
    for (limit, words), names in cells.items():
        cells_of_limit = sum(check.limit.text == limit for check in report.checks)
        where = "" if len(names) == cells_of_limit else f" for {', '.join(names)}"
        yield f"{limit}{where}: {words}"


def waiting_notes(report: GateReport) -> Iterator[str]:
    """Where the cells judged waited for room in the backlog, by the newest measurement of each."""
    judged = {check.cell for check in report.checks}
    newest = {each.cell: each for result in report.results for each in result.waiting}
    several = len({cell.consumer for cell in judged}) > 1
    of_judged = (each for cell, each in newest.items() if cell in judged)
    return iter(waiting_sentences(of_judged, several_consumers=several))


def _cell_name(check: Check, report: GateReport) -> str:
    """Workload and scenario, and the consumer where there are several of them."""
    names = [check.cell.workload, check.cell.scenario]
    if len({other.cell.consumer for other in report.checks}) > 1:
        names.append(check.cell.consumer)
    return " × ".join(names)


def reading_values(limit: Limit, reading: Reading) -> tuple[str, str]:
    """The estimate and the interval in the units of the limit."""
    low, high = _bound(limit, reading.low), _bound(limit, reading.high)
    between = NOTHING if NOTHING in (low, high) else f"{low} to {high}"
    if limit.basis == "loss":
        return f"{reading.lossy} of {counted(reading.count, 'trial')}", between
    estimate = _bound(limit, reading.estimate)
    return f"× {estimate}" if limit.basis == "reference" else estimate, between
