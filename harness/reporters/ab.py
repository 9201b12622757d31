"""A against B: the answer in words first, then the table, then what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.model.ab import AbReport, AbSide
from harness.model.result import Comparison, LossComparison
from harness.model.run import AA
from harness.plain import plain
from harness.reporters.documents.result import result_document
from harness.reporters.matching import unmatched_words
from harness.reporters.render.markdown import escaped, markdown_table
from harness.reporters.units import NOTHING, count, duration, interval, ratio, share
from harness.reporters.words import LOSSES_OF_B, VERDICTS

SCHEMA = "auditbench.ab/1"
HEADERS = ("workload", "", "per operation", "ratio", "95 % interval", "verdict")
LOSS_HEADERS = ("workload", "", "trials with loss", "events lost")


def ab_sentences(ab_report: AbReport) -> list[str]:
    """What was asked, answered: one sentence per workload, one on loss."""
    if ab_report.doubts:
        return ["Not trustworthy: " + "; ".join(ab_report.doubts) + "."]
    unmatched = [_unmatched_sentence(ab_report, side) for side in ab_report.unmatched]
    found = [
        _cost_sentence(ab_report, comparison)
        for comparison in ab_report.primary
        if comparison.verdict != "nothing-matched"
    ]
    return [*unmatched, *found, *_loss_sentences(ab_report)]


def _unmatched_sentence(ab_report: AbReport, side: AbSide) -> str:
    cells = (cell for cell in ab_report.result.unmatched if cell.scenario == side.scenario)
    workloads = dict.fromkeys(cell.workload for cell in cells)
    words = unmatched_words(ab_report.result, side.scenario, workloads)
    return f"{side.letter}, {words}: there is no price to compare."


def _cost_sentence(ab_report: AbReport, comparison: Comparison) -> str:
    where = _where(ab_report, comparison.cell.workload, comparison.cell.consumer)
    value, low, high = comparison.ratio, comparison.ci_low, comparison.ci_high
    if value is None or low is None or high is None:
        return f"{where}: inconclusive: A and B have no block in common."
    bounds = f"{_change(low)} to {_change(high)}"
    if comparison.verdict == "better":
        return (
            f"{where}: B costs {share(1 - value)} less than A "
            f"({share(1 - high)} to {share(1 - low)}) per operation."
        )
    if comparison.verdict == "worse":
        return (
            f"{where}: B costs {share(value - 1)} more than A "
            f"({share(low - 1)} to {share(high - 1)}) per operation."
        )
    if comparison.verdict == "equal":
        return (
            f"{where}: equal: B costs {_change(value)} ({bounds}) against A, "
            f"within the margin of {share(comparison.margin)}."
        )
    return f"{where}: inconclusive: {_change(value)} ({bounds}); {_more(comparison)}."


def _change(value: float) -> str:
    return f"{(value - 1) * 100:+.1f} %"


def _more(comparison: Comparison) -> str:
    words = f"{comparison.blocks} blocks detect a difference of {share(comparison.detectable)}"
    if comparison.blocks_needed is None:
        return words
    return f"{words}, about {count(comparison.blocks_needed)} would decide"


def _where(ab_report: AbReport, workload: str, consumer: str) -> str:
    several = len({comparison.cell.consumer for comparison in ab_report.primary}) > 1
    return f"{workload} ({consumer})" if several else workload


def _loss_sentences(ab_report: AbReport) -> Iterator[str]:
    a = {loss.cell: loss for loss in ab_report.losses if loss.cell.scenario == ab_report.a.scenario}
    losses = [*a.values(), *ab_report.losses_of_b]
    if any(loss.share is None for loss in losses) or not losses:
        yield "Whether events were lost is not known."
        return
    if not any(loss.trials_with_loss for loss in losses):
        if ab_report.unmatched:
            return
        most = max(loss.share_high or 0.0 for loss in losses)
        yield (
            f"Neither lost events in {min(loss.trials for loss in losses)} trials each "
            f"(a loss in up to {share(most)} of trials cannot be excluded)."
        )
        return
    for loss in ab_report.losses_of_b:
        other = next(
            one
            for cell, one in a.items()
            if cell.workload == loss.cell.workload and cell.consumer == loss.cell.consumer
        )
        where = _where(ab_report, loss.cell.workload, loss.cell.consumer)
        yield (
            f"{where}: A lost events in {other.trials_with_loss} of {other.trials} trials, "
            f"B in {loss.trials_with_loss} of {loss.trials}{_loss_verdict(loss)}."
        )


def _loss_verdict(loss: LossComparison) -> str:
    return f": {LOSSES_OF_B.get(loss.verdict, LOSSES_OF_B['inconclusive'])}"


def sides(ab_report: AbReport) -> list[str]:
    """Which file is which."""
    lines = []
    for one in (ab_report.a, ab_report.b):
        lines.append(f"{one.letter} is {one.file} (scenario {one.scenario})")
    return lines


def render_ab(ab_report: AbReport, console: Console) -> None:
    """Print the answer."""
    console.print(Group(*_parts(ab_report)))


def _parts(ab_report: AbReport) -> Iterator[RenderableType]:
    yield from (Text(plain(line)) for line in sides(ab_report))
    yield from (Text(plain(line), style="bold") for line in ab_sentences(ab_report))
    yield Text()
    yield _table(HEADERS, _rows(ab_report), text_columns=2)
    yield Text()
    yield _table(LOSS_HEADERS, _loss_rows(ab_report), text_columns=2)
    yield from (Text(plain(line), style="dim") for line in _standards(ab_report))
    for caution in ab_report.result.cautions:
        yield Text(f"! {plain(caution.one_line())}", style="yellow")


def _table(headers: tuple[str, ...], rows: list[list[str]], *, text_columns: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for place, header in enumerate(headers):
        justify = "left" if place < text_columns else "right"
        table.add_column(header, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    return table


def _rows(ab_report: AbReport) -> list[list[str]]:
    """Per workload: the reference, A and B against it, and B against A."""
    names = {ab_report.a.scenario: "A", ab_report.b.scenario: "B"}
    primary = [c for c in ab_report.result.comparisons if c.metric == ab_report.result.primary]
    rows = [
        _row(ab_report, comparison, names.get(comparison.cell.scenario, comparison.cell.scenario))
        for comparison in primary
        if not comparison.cell.scenario.endswith(AA) or comparison.cell.scenario in names
    ]
    return rows + [_row(ab_report, comparison, "B against A") for comparison in ab_report.primary]


def _row(ab_report: AbReport, comparison: Comparison, name: str) -> list[str]:
    return [
        _where(ab_report, comparison.cell.workload, comparison.cell.consumer),
        name,
        duration(comparison.estimate),
        ratio(comparison.ratio),
        interval(comparison.ci_low, comparison.ci_high),
        VERDICTS[comparison.verdict].marked,
    ]


def _loss_rows(ab_report: AbReport) -> list[list[str]]:
    return [
        [
            _where(ab_report, loss.cell.workload, loss.cell.consumer),
            "A" if loss.cell.scenario == ab_report.a.scenario else "B",
            NOTHING if loss.share is None else f"{loss.trials_with_loss} of {loss.trials}",
            share(loss.loss_ratio),
        ]
        for loss in ab_report.losses
    ]


def _standards(ab_report: AbReport) -> Iterator[str]:
    """What an operation is, and how far the reference is from itself."""
    for workload, operation in ab_report.operations.items():
        yield f"one operation of {workload}: {operation}"
    for floor in ab_report.result.noise_floor:
        bounds = interval(floor.ci_low, floor.ci_high)
        yield f"noise floor of {floor.workload}: {ratio(floor.ratio)} ({bounds})"


def ab_markdown(ab_report: AbReport) -> str:
    """The same as Markdown."""
    words = "\n".join(f"- **{escaped(line)}**" for line in ab_sentences(ab_report))
    lines = [*_standards(ab_report), *(f"⚠ {c.one_line()}" for c in ab_report.result.cautions)]
    named = "  \n".join(escaped(line) for line in sides(ab_report))
    return (
        f"## auditbench ab\n\n{named}\n\n{words}\n\n"
        f"{markdown_table(HEADERS, _rows(ab_report), text_columns=2)}\n"
        f"{markdown_table(LOSS_HEADERS, _loss_rows(ab_report), text_columns=2)}\n"
        + "".join(f"- {escaped(line)}\n" for line in lines)
    )


def ab_document(ab_report: AbReport) -> dict[str, Any]:
    """The same as one plain document, with the whole result in it."""
    return {
        "schema": SCHEMA,
        "verdict": ab_report.verdict,
        "answer": " ".join(ab_sentences(ab_report)),
        "doubts": list(ab_report.doubts),
        "a": asdict(ab_report.a),
        "b": asdict(ab_report.b),
        "comparisons": [_flat(asdict(c)) for c in ab_report.comparisons],
        "losses": [_flat(asdict(loss)) for loss in ab_report.losses],
        "result": result_document(ab_report.result),
    }


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """With the cell's names beside the numbers."""
    return {**document.pop("cell"), **document}
