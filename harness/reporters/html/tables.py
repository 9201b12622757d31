"""The tables of a result: comparisons, where events went, loss, the noise floor."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.result import Comparison, NoiseFloor, Result
from harness.model.run import Cell
from harness.reporters.html.headline import primary_title
from harness.reporters.ledger import TERMS, is_silent
from harness.reporters.page import Box, Column, Grid, columns, number, text, verdict
from harness.reporters.ranking import per_second, size
from harness.reporters.rows import by_workload, several_consumers
from harness.reporters.rows import rows as result_rows
from harness.reporters.units import (
    count,
    duration,
    interval,
    metric_value,
    milliseconds,
    probability,
    ratio,
    share,
    share_interval,
)
from harness.reporters.words import VERDICTS

INCONCLUSIVE_HEADER = ("blocks", "detects", "blocks needed")
"""After a verdict: of an inconclusive one what would show, and how many blocks would decide it."""


class _Names:
    """The columns that name a cell; the consumer's only where there are several."""

    def __init__(self, result: Result) -> None:
        groups = by_workload(result_rows(result)).values()
        self._several = any(several_consumers(group) for group in groups)

    def before(self, *others: str) -> tuple[Column, ...]:
        """The names of a cell, and the columns after them."""
        names = ("workload", "scenario", *(["consumer"] if self._several else []))
        return columns(*names, *others, left=len(names))

    def of(self, cell: Cell) -> tuple[Box, ...]:
        """The names of one cell."""
        names = (cell.workload, cell.scenario, *([cell.consumer] if self._several else []))
        return tuple(map(text, names))


def primary_grid(result: Result) -> Grid:
    """Every cell against its reference in the metric that the answer is about."""
    chosen = [c for c in result.comparisons if c.metric == result.primary]
    names = _Names(result)
    header = ("value", "reference", "ratio", "from", "to", "verdict", *INCONCLUSIVE_HEADER)
    rows = []
    for comparison in chosen:
        rows.append(
            (
                *names.of(comparison.cell),
                number(metric_value(comparison.estimate, comparison.unit), comparison.estimate),
                number(metric_value(comparison.reference, comparison.unit), comparison.reference),
                *_ratio_boxes(comparison),
                _verdict_box(comparison),
                *_inconclusive_boxes(comparison),
            )
        )
    caption = f"{primary_title(result)} against the reference: ratio with its 95 % interval"
    return Grid("comparisons", caption, names.before(*header), tuple(rows))


def all_metrics_grid(result: Result) -> Grid:
    """Every cell in every metric, with p and q."""
    names = _Names(result)
    header = ("metric", "value", "ratio", "from", "to", "p", "q", "verdict", *INCONCLUSIVE_HEADER)
    rows = tuple(
        (
            *names.of(comparison.cell),
            text(comparison.metric),
            number(metric_value(comparison.estimate, comparison.unit), comparison.estimate),
            *_ratio_boxes(comparison),
            number(probability(comparison.p), comparison.p),
            number(probability(comparison.q), comparison.q),
            _verdict_box(comparison),
            *_inconclusive_boxes(comparison),
        )
        for comparison in result.comparisons
    )
    return Grid("metrics", "Every metric of every cell", names.before(*header), rows)


def ledger_grid(result: Result) -> Grid:
    """Where the events of every cell that had any went."""
    names = _Names(result)
    header = names.before("trials", *TERMS, "lost (records)", "socket drops", "waited")
    rows = []
    for ledger in result.ledgers:
        total = ledger.total
        if is_silent(total):
            continue
        terms = [(getattr(total, name), count(getattr(total, name))) for name in TERMS]
        rows.append(
            (
                *names.of(ledger.cell),
                number(count(ledger.trials), ledger.trials),
                *(number(shown, term) for term, shown in terms),
                number(count(total.lost), total.lost),
                number(count(total.socket_drops), total.socket_drops),
                number(milliseconds(total.waited_ms), total.waited_ms),
            )
        )
    return Grid("ledger", "Where the events of all trials went", header, tuple(rows))


def loss_grid(result: Result) -> Grid:
    """Which cells lost events, and what cannot be excluded where none did."""
    names = _Names(result)
    header = names.before("trials with loss", "of", "95 % interval", "events lost", "verdict")
    rows = tuple(
        (
            *names.of(loss.cell),
            number(count(loss.trials_with_loss), loss.trials_with_loss),
            number(count(loss.trials), loss.trials),
            text(share_interval(loss.share_low, loss.share_high)),
            number(share(loss.loss_ratio), loss.loss_ratio),
            verdict(VERDICTS[loss.verdict]),
        )
        for loss in result.losses
        # What lacks in a capture was not lost here.
        if not result.plan.is_replay
    )
    return Grid("loss", "Trials that lost events", header, rows)


def ranking_grid(result: Result) -> Grid:
    """Consumers ranked by what an event costs them."""
    header = columns(
        *("consumer", "workload", "place", "CPU per event", "vs previous"),
        *("from", "to", "memory", "written", "delay", "at most"),
        left=2,
    )
    rows = tuple(
        (
            text(ranked.cell.consumer),
            text(ranked.cell.workload),
            number(count(ranked.place), ranked.place),
            number(duration(ranked.cpu_ns_per_event), ranked.cpu_ns_per_event),
            number(ratio(ranked.ratio), ranked.ratio),
            number(ratio(ranked.ci_low), ranked.ci_low),
            number(ratio(ranked.ci_high), ranked.ci_high),
            number(size(ranked.memory_bytes), ranked.memory_bytes),
            number(size(ranked.written_bytes), ranked.written_bytes),
            number(milliseconds(ranked.delay_p50_ms), ranked.delay_p50_ms),
            number(milliseconds(ranked.delay_max_ms), ranked.delay_max_ms),
        )
        for ranked in result.ranking
    )
    caption = "Consumers by CPU time per event; bytes written are per event"
    return Grid("consumers", caption, header, rows)


def sustained_grid(result: Result) -> Grid:
    """The highest rates without loss, in operations per second."""
    header = columns(
        *("consumer", "workload", "none lost at", "lost at", "trials", "why no higher"), left=2
    )
    rows = tuple(
        (
            text(step.consumer),
            text(step.workload),
            number(per_second(step.without_loss), step.without_loss),
            number(per_second(step.with_loss), step.with_loss),
            number(count(step.trials), step.trials),
            text(step.limit or "it loses events"),
        )
        for step in sorted(result.sustained, key=lambda one: -(one.without_loss or 0))
    )
    return Grid("rates", "The highest rate without loss", header, rows)


def noise_grid(result: Result) -> Grid:
    """The reference against itself."""
    header = columns("workload", "consumer", "metric", "ratio", "from", "to", "blocks", left=3)
    rows = tuple(
        (
            *map(text, (floor.workload, floor.consumer, floor.metric)),
            number(ratio(floor.ratio), floor.ratio),
            number(ratio(floor.ci_low), floor.ci_low),
            number(ratio(floor.ci_high), floor.ci_high),
            number(count(floor.blocks), floor.blocks),
        )
        for floor in result.noise_floor
    )
    return Grid("noise", "The reference against itself", header, rows)


def noise_words(result: Result) -> list[str]:
    """What is noise on this machine, a sentence per A/A cell."""
    return [
        f"{floor.workload}: the same state measured twice gives a ratio of {ratio(floor.ratio)} "
        f"({interval(floor.ci_low, floor.ci_high)}){_lost_in_noise(floor)}."
        for floor in result.noise_floor
    ]


def _lost_in_noise(floor: NoiseFloor) -> str:
    """The difference that may be noise: as far as the interval reaches from 1."""
    if floor.ci_low is None or floor.ci_high is None:
        return ""
    reach = max(abs(floor.ci_low - 1), abs(floor.ci_high - 1))
    return f", so a difference of less than {share(float(f'{reach:.2g}'))} may be noise"


def waited_words(result: Result) -> list[str]:
    """Where producers waited for room in the queue, which is no CPU."""
    return [
        f"{ledger.cell.workload} × {ledger.cell.scenario}: producers waited "
        f"{duration(ledger.total.waited_ms * 1e6 / ledger.operations)} per operation."
        for ledger in result.ledgers
        if ledger.total.waited_ms and ledger.operations
    ]


def _ratio_boxes(comparison: Comparison) -> Iterable[Box]:
    values = comparison.ratio, comparison.ci_low, comparison.ci_high
    return (number(ratio(value), value) for value in values)


def _verdict_box(comparison: Comparison) -> Box:
    note = "" if comparison.interleaved else " (not interleaved)"
    return verdict(VERDICTS[comparison.verdict], note)


def _inconclusive_boxes(comparison: Comparison) -> Iterable[Box]:
    """The blocks; of an inconclusive verdict, what they would show and how many would decide."""
    inconclusive = comparison.verdict == "inconclusive"
    detectable = comparison.detectable if inconclusive else None
    needed = comparison.blocks_needed if inconclusive else None
    return (
        number(count(comparison.blocks), comparison.blocks),
        number(share(detectable), detectable),
        number(count(needed), needed),
    )
