"""A against B: the answer in words, then what each costs, then what was lost."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.ab import AbReport, AbSide, CountAbReport
from harness.model.result import Comparison, LossComparison
from harness.model.rules.coverage_change import cautions_of
from harness.model.run import AA
from harness.reporters.page import (
    INTERVAL,
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    columns,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.parts.matching import matching_sentences, unmatched_words
from harness.reporters.parts.waiting import waiting_sentences
from harness.reporters.rules.coverage_change import change_parts, coverage_sentences
from harness.reporters.units import count, duration, interval, ratio, share, signed
from harness.reporters.words import LOSSES_OF_B, VERDICTS, metric_words

_COLUMNS = (
    *columns("workload", "scenario", "per operation", "ratio", left=2),
    *INTERVAL,
    Column("verdict"),
)
_LOSS_COLUMNS = columns("workload", "scenario", "trials with loss", "events lost", left=2)


def ab_page(ab_report: AbReport) -> Page:
    """Two rule sets, each against the other and both against the reference."""
    return Page("auditbench ab", tuple(_parts(ab_report)))


def _parts(ab_report: AbReport) -> Iterator[Part]:
    yield from (Line(words, "answer") for words in ab_sentences(ab_report))
    yield from map(Line, sides(ab_report))
    yield from ab_report.result.cautions
    yield from cautions_of(ab_report.coverage)
    yield _costs(ab_report)
    yield _losses(ab_report)
    yield from change_parts(ab_report.coverage)
    notes = [*_standards(ab_report), *matching_sentences(ab_report.result)]
    yield from (Line(words, "note") for words in notes)


def _costs(ab_report: AbReport) -> Grid:
    """Per workload: the reference, A and B against it, and B against A."""
    names = {ab_report.a.scenario: "A", ab_report.b.scenario: "B"}
    primary = [c for c in ab_report.result.comparisons if c.metric == ab_report.result.primary]
    rows = [
        _row(ab_report, comparison, names.get(comparison.cell.scenario, comparison.cell.scenario))
        for comparison in primary
        if not comparison.cell.scenario.endswith(AA) or comparison.cell.scenario in names
    ]
    rows += [_row(ab_report, comparison, "B against A") for comparison in ab_report.primary]
    caption = f"{metric_words(ab_report.result.primary)}: against the reference, and B against A"
    return Grid("costs", caption, _COLUMNS, tuple(rows))


def _row(ab_report: AbReport, comparison: Comparison, name: str) -> tuple[Box, ...]:
    return (
        text(_where(ab_report, comparison.cell.workload, comparison.cell.consumer)),
        text(name),
        number(duration(comparison.estimate), comparison.estimate),
        number(ratio(comparison.ratio), comparison.ratio),
        *interval_boxes(comparison.ci_low, comparison.ci_high),
        verdict(VERDICTS[comparison.verdict]),
    )


def _losses(ab_report: AbReport) -> Grid:
    """What A and B lost in each workload."""
    rows = tuple(
        (
            text(_where(ab_report, loss.cell.workload, loss.cell.consumer)),
            text("A" if loss.cell.scenario == ab_report.a.scenario else "B"),
            number(f"{loss.trials_with_loss} of {loss.trials}", loss.share),
            number(share(loss.loss_ratio), loss.loss_ratio),
        )
        for loss in ab_report.losses
    )
    return Grid("losses", "Trials that lost events", _LOSS_COLUMNS, rows)


def _standards(ab_report: AbReport) -> Iterator[str]:
    """What an operation is, and how far the reference is from itself."""
    for workload, operation in ab_report.operations.items():
        yield f"one operation of {workload}: {operation}"
    for floor in ab_report.result.noise_floor:
        bounds = interval(floor.ci_low, floor.ci_high)
        yield f"noise floor of {floor.workload}: {ratio(floor.ratio)} ({bounds})"


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
    lossy = any(loss.trials_with_loss for loss in ab_report.losses)
    losses = list(_loss_sentences(ab_report))
    # A loss that was seen comes before every price.
    first, last = (losses, []) if lossy else ([], losses)
    seen = coverage_sentences(ab_report.coverage)
    return [*unmatched, *first, *found, *_waiting(ab_report), *last, *seen]


def _waiting(ab_report: AbReport) -> list[str]:
    """Where A or B waited for room in the backlog, and what B costs against A without that."""
    sides_waiting = [
        each
        for each in ab_report.result.waiting
        if each.cell.scenario in (ab_report.a.scenario, ab_report.b.scenario)
    ]
    several = len({comparison.cell.consumer for comparison in ab_report.primary}) > 1
    return [
        *waiting_sentences(sides_waiting, several_consumers=several),
        *(f"Without waiting: {_cost_sentence(ab_report, c)}" for c in ab_report.without_waiting),
    ]


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
    if comparison.verdict == "lost":
        return f"{where}: B is no cheaper for it, whatever its time: {_change(value)} ({bounds})."
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
    return signed(f"{(value - 1) * 100:+.1f} %")


def _more(comparison: Comparison) -> str:
    blocks = counted(comparison.blocks, "block detects", "blocks detect")
    words = f"{blocks} a difference of {share(comparison.detectable)}"
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
            f"Neither lost events in {counted(min(loss.trials for loss in losses), 'trial')} each "
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
            f"{where}: A lost events in {other.trials_with_loss} of "
            f"{counted(other.trials, 'trial')}, "
            f"B in {loss.trials_with_loss} of {loss.trials}{_loss_verdict(loss)}."
        )


def _loss_verdict(loss: LossComparison) -> str:
    return f": {LOSSES_OF_B.get(loss.verdict, LOSSES_OF_B['inconclusive'])}"


def sides(ab_report: AbReport | CountAbReport) -> list[str]:
    """Which file is which."""
    lines = []
    for one in (ab_report.a, ab_report.b):
        lines.append(f"{one.letter} is {one.file} (scenario {one.scenario})")
    return lines
