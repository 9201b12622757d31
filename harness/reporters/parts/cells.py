"""Cells in tables: what they are called, what they cost, and every metric with its intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.model.result import Comparison, Result
from harness.model.run import Cell
from harness.reporters.page import (
    DATA,
    INTERVAL,
    TERMINAL,
    TEXT_ONLY,
    WIDE,
    Box,
    Column,
    Grid,
    Line,
    Part,
    columns,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.parts.rows import Row, by_workload, cell_label, several_consumers
from harness.reporters.units import (
    NOTHING,
    count,
    duration,
    metric_value,
    probability,
    ratio,
    share,
)
from harness.reporters.words import VERDICTS, metric_title

_DECIDING = tuple(Column(name, media=WIDE) for name in ("blocks", "detects", "blocks needed"))
"""After a verdict: of an inconclusive one what would show, and how many blocks would decide it."""
_CPU = ("cpu_workload_ns_per_op", "cpu_consumer_ns_per_op", "cpu_kauditd_ns_per_op")
_CPU_TOTAL = "cpu_total_ns_per_op"


class CellNames:
    """The columns that name the cells of some rows.

    A terminal has one for the whole name. The consumer stands only where there are several, the
    workload in text only where the rows are of several.
    """

    def __init__(self, group: Iterable[Row]) -> None:
        groups = by_workload(group)
        self._workloads = len(groups) > 1
        self._consumers = any(map(several_consumers, groups.values()))
        self.columns = (
            Column("workload", left=True, media=WIDE if self._workloads else DATA),
            Column("scenario", left=True, media=TERMINAL),
            Column("scenario", left=True, media=WIDE),
            *((Column("consumer", left=True, media=WIDE),) if self._consumers else ()),
        )

    def label(self, cell: Cell) -> str:
        """The name of a cell in one piece."""
        name = cell_label(cell, several=self._consumers)
        return f"{cell.workload} × {name}" if self._workloads else name

    def boxes(self, cell: Cell) -> tuple[Box, ...]:
        """The name of a cell under `columns`."""
        consumer = (text(cell.consumer),) if self._consumers else ()
        return text(cell.workload), text(self.label(cell)), text(cell.scenario), *consumer


def primary_title(result: Result) -> str:
    """The metric that the answer is about, as a sentence begins with it."""
    words = metric_title(result.primary, result.operation)
    return words[:1].upper() + words[1:]


def compared_in(group: Iterable[Row], metric: str) -> list[Comparison]:
    """The comparisons of some rows in one metric."""
    return [row.by_metric[metric] for row in group if metric in row.by_metric]


def cost_parts(result: Result, group: Sequence[Row]) -> Iterator[Part]:
    """Every cell against its reference in the metric that the answer is about."""
    names = CellNames(group)
    compared = compared_in(group, result.primary)
    header = (
        *names.columns,
        Column(f"per {result.operation}"),
        Column("reference", media=DATA),
        Column("ratio"),
        *INTERVAL,
        Column("verdict"),
        *_DECIDING,
    )
    rows = tuple(
        (
            *names.boxes(comparison.cell),
            number(metric_value(comparison.estimate, comparison.unit), comparison.estimate),
            number(metric_value(comparison.reference, comparison.unit), comparison.reference),
            number(ratio(comparison.ratio), comparison.ratio),
            *interval_boxes(comparison.ci_low, comparison.ci_high),
            _verdict(comparison),
            *_deciding(comparison),
        )
        for comparison in compared
    )
    yield Grid("comparisons", f"{primary_title(result)} against the reference", header, rows)
    yield from verdict_lines(names, compared)


def verdict_lines(names: CellNames, compared: Iterable[Comparison]) -> Iterator[Line]:
    """Of which cells there is more to say than the verdict, where that is in no column."""
    apart = [names.label(c.cell) for c in compared if not c.interleaved]
    if apart:
        words = f"measured before the blocks, not interleaved: {', '.join(apart)}"
        yield Line(words, "note", TERMINAL)
    found = [
        f"{names.label(c.cell)} {share(c.detectable)}, {_more_blocks(c)}"
        for c in compared
        if c.verdict == "inconclusive" and c.detectable is not None
    ]
    if found:
        words = f"inconclusive (detectable difference, more blocks needed): {'; '.join(found)}"
        yield Line(words, "note", TERMINAL)


def _more_blocks(comparison: Comparison) -> str:
    needed = comparison.blocks_needed
    return NOTHING if needed is None else f"+{count(needed - comparison.blocks)}"


def cpu_grid(result: Result, group: Sequence[Row]) -> Grid:
    """Who did the work, and how long producers waited for room in the queue, which is no CPU."""
    names = CellNames(group)
    header = (
        *names.columns,
        *columns("of workload", "of consumer", "of kauditd", "total", left=0),
        Column("waited", media=WIDE),
    )
    rows = tuple(
        (
            *names.boxes(row.cell),
            *(number(duration(row.estimate(m)), row.estimate(m)) for m in (*_CPU, _CPU_TOTAL)),
            number(duration(waited_ns(row)), waited_ns(row)),
        )
        for row in group
        if row.by_metric
    )
    return Grid("cpu-by-process", f"CPU per {result.operation}", header, rows)


def waited_ns(row: Row) -> float | None:
    """How long the load waited, per operation; other processes' waiting may be among it."""
    waited_ms = row.ledger.total.waited_ms_of_load if row.ledger is not None else None
    if row.ledger is None or waited_ms is None or not row.ledger.operations:
        return None
    return waited_ms * 1e6 / row.ledger.operations


def metrics_grid(names: CellNames, caption: str, compared: Sequence[Comparison]) -> Grid:
    """Comparisons in one or several metrics, with both intervals, p and q."""
    bootstrapped = any(comparison.bca_low is not None for comparison in compared)
    header = (
        *names.columns,
        Column("metric", left=True, media=WIDE),
        Column("value", media=WIDE),
        Column("ratio"),
        Column("95 %", media=TEXT_ONLY),
        *INTERVAL[1:],
        Column("BCa" if bootstrapped else "Student's t"),
        *columns("p", "q", "verdict", left=0),
        *_DECIDING,
    )
    rows = tuple(
        (
            *names.boxes(comparison.cell),
            text(comparison.metric),
            number(metric_value(comparison.estimate, comparison.unit), comparison.estimate),
            number(ratio(comparison.ratio), comparison.ratio),
            text(_between(comparison.ci_low, comparison.ci_high)),
            *interval_boxes(comparison.ci_low, comparison.ci_high)[1:],
            text(_beside(comparison, bootstrapped=bootstrapped)),
            number(probability(comparison.p), comparison.p),
            number(probability(comparison.q), comparison.q),
            _verdict(comparison),
            *_deciding(comparison),
        )
        for comparison in compared
    )
    return Grid("metrics", caption, header, rows)


def _verdict(comparison: Comparison) -> Box:
    return verdict(
        VERDICTS[comparison.verdict], "" if comparison.interleaved else " (not interleaved)"
    )


def _deciding(comparison: Comparison) -> tuple[Box, ...]:
    inconclusive = comparison.verdict == "inconclusive"
    detectable = comparison.detectable if inconclusive else None
    needed = comparison.blocks_needed if inconclusive else None
    return (
        number(count(comparison.blocks), comparison.blocks),
        number(share(detectable), detectable),
        number(count(needed), needed),
    )


def _beside(comparison: Comparison, *, bootstrapped: bool) -> str:
    if bootstrapped:
        return _between(comparison.bca_low, comparison.bca_high)
    return _between(comparison.t_low, comparison.t_high)


def _between(low: float | None, high: float | None) -> str:
    """An interval in as little room as possible."""
    return NOTHING if low is None or high is None else f"{ratio(low)}–{ratio(high)}"
