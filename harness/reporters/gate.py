"""What a gate decided: for the terminal, as Markdown, as a document; and each check in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.gate import Check, GateReport, Limit, Reading
from harness.plain import plain
from harness.reporters.render.markdown import escaped, markdown_table
from harness.reporters.units import NOTHING, count, duration, interval, ratio, share
from harness.reporters.words import OUTCOMES

SCHEMA = "auditbench.gate/1"
HEADERS = ("limit", "cell", "measured", "95 % interval", "outcome")


def gate_sentence(report: GateReport) -> str:
    """The verdict in one sentence."""
    checks = len(report.checks)
    failed = sum(check.outcome == "fail" for check in report.checks)
    inconclusive = sum(check.outcome == "inconclusive" for check in report.checks)
    if report.verdict == "untrustworthy":
        return "The gate is not trustworthy: " + "; ".join(report.doubts) + "."
    if report.verdict == "fail":
        return f"The gate fails: {failed} of {checks} checks exceed their limit."
    if report.verdict == "inconclusive":
        return f"The gate is inconclusive: {inconclusive} of {checks} checks are."
    if inconclusive:
        return (
            f"The gate passes: no limit is exceeded; {inconclusive} of {checks} checks are "
            "inconclusive, which passes as asked."
        )
    return f"The gate passes: {checks} of {checks} checks are within their limit."


def check_sentences(check: Check) -> list[str]:
    """What a reader needs beside the row of a check: what could be shown, what loss means."""
    return [words for reading in check.readings if (words := _explained(check.limit, reading))]


def _explained(limit: Limit, reading: Reading) -> str:
    if reading.note:
        return f"inconclusive: {reading.note}"
    if limit.basis == "loss":
        if reading.lossy:
            return f"events lost in {reading.lossy} of {reading.count} trials"
        return (
            f"none lost in {reading.count} trials; a loss in up to {share(reading.high)} of trials "
            "cannot be excluded"
        )
    if reading.outcome != "inconclusive":
        return ""
    words = f"the interval holds the limit; {reading.count} blocks detect a difference of"
    if reading.blocks_needed is None:
        return f"{words} {share(reading.detectable)}; more blocks would hardly decide"
    return (
        f"{words} {share(reading.detectable)}, "
        f"about {count(reading.blocks_needed)} blocks would decide"
    )


def notes(report: GateReport) -> Iterator[str]:
    """The sentences of all checks, those that several cells share said once."""
    cells: dict[tuple[str, str], list[str]] = {}
    for check in report.checks:
        for words in dict.fromkeys(check_sentences(check)):
            cells.setdefault((check.limit.text, words), []).append(_cell_name(check, report))
    for (limit, words), names in cells.items():
        number = sum(check.limit.text == limit for check in report.checks)
        where = "" if len(names) == number else f" for {', '.join(names)}"
        yield plain(f"{limit}{where}: {words}")


def _cell_name(check: Check, report: GateReport) -> str:
    """Workload and scenario, and the consumer where there are several of them."""
    names = [check.cell.workload, check.cell.scenario]
    if len({other.cell.consumer for other in report.checks}) > 1:
        names.append(check.cell.consumer)
    return plain(" × ".join(names))


def reading_values(limit: Limit, reading: Reading) -> tuple[str, str]:
    """The estimate and the interval in the units of the limit."""
    if limit.basis == "loss":
        estimate = f"{reading.lossy} of {reading.count} trials"
        if reading.low is None or reading.high is None:
            return estimate, NOTHING
        return estimate, f"{share(reading.low)} to {share(reading.high)}"
    if limit.basis == "reference":
        return f"× {ratio(reading.estimate)}", interval(reading.low, reading.high)
    if reading.low is None or reading.high is None:
        return duration(reading.estimate), NOTHING
    return duration(reading.estimate), f"{duration(reading.low)} to {duration(reading.high)}"


def render_gate(report: GateReport, console: Console) -> None:
    """Print what was decided."""
    console.print(Group(*_parts(report)))


def _parts(report: GateReport) -> Iterator[RenderableType]:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for place, header in enumerate(HEADERS):
        table.add_column(header, justify="left" if place < 2 else "right", overflow="fold")
    for check in report.checks:
        for words, mark, style in _rows(check, report):
            table.add_row(*map(Text, words), Text(mark, style=style))
    yield table
    yield from map(Text, notes(report))
    yield from (Text(plain(line), style="dim") for line in _standards(report))
    for caution in report.cautions:
        yield Text(f"! {plain(caution.one_line())}", style="yellow")
    yield Text(plain(gate_sentence(report)), style="bold")


def _rows(check: Check, report: GateReport) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """One row per reading, and what they come to where the second does not say it all."""
    for number, reading in enumerate(check.readings):
        first = number == 0
        look = OUTCOMES[reading.outcome]
        name = _cell_name(check, report) if first else "  once more"
        limit = plain(check.limit.text) if first else ""
        yield (limit, name, *reading_values(check.limit, reading)), look.marked, look.style
    if check.outcome != check.readings[-1].outcome:
        look = OUTCOMES[check.outcome]
        yield ("", "  together", "", ""), look.marked, look.style


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


def gate_markdown(report: GateReport) -> str:
    """The same as Markdown, the verdict first."""
    rows = [[*words, mark] for check in report.checks for words, mark, _ in _rows(check, report)]
    lines = [*notes(report), *_standards(report)]
    lines += [f"⚠ {caution.one_line()}" for caution in report.cautions]
    listed = "".join(f"- {escaped(line)}\n" for line in lines)
    return (
        f"## auditbench gate\n\n**{escaped(gate_sentence(report))}**\n\n"
        f"{markdown_table(HEADERS, rows, text_columns=2)}\n{listed}"
    )


def gate_document(report: GateReport) -> dict[str, Any]:
    """The same as one plain document."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "answer": gate_sentence(report),
        "doubts": list(report.doubts),
        "inconclusive": "pass" if report.inconclusive_passes else "fail",
        "runs": [result.run for result in report.results],
        "checks": [_check(check) for check in report.checks],
        "warnings": [asdict(caution) for caution in report.cautions],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        **asdict(check.cell),
        "limit": asdict(check.limit),
        "against": check.against,
        "outcome": check.outcome,
        "readings": [asdict(reading) for reading in check.readings],
    }
