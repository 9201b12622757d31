"""Services: operations per second and the latency that their clients saw, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model.result import Comparison, Result
from harness.reporters.page import DATA, Box, Column, Grid, Line, Part, number, text
from harness.reporters.parts.cells import CellNames
from harness.reporters.parts.rows import Row, by_workload
from harness.reporters.units import NOTHING, count, duration, ratio
from harness.reporters.words import VERDICTS

ELAPSED = "elapsed_ns_per_op"
LATENCIES = {"p50": "latency_p50_ns", "p99": "latency_p99_ns", "p99.9": "latency_p999_ns"}
UNKNOWN_EVENTS = (
    "How many events a service makes is not known beforehand: `generated` and `unexplained` are "
    "not known. Those received are its server's and its client's; what was lost is told from the "
    "kernel's counter and from serials that are missing."
)


def throughput_parts(result: Result, group: Sequence[Row]) -> Iterator[Part]:
    """The table of those of some cells that are services; nothing without any."""
    served = [row for row in group if row.cell.workload in result.plan.services and row.by_metric]
    if not served:
        return
    names = CellNames(served)
    header = (
        *names.columns,
        Column("per s"),
        Column("ratio"),
        *(
            column
            for name in LATENCIES
            for column in (Column(name), Column("ratio", media=DATA), Column("verdict", left=True))
        ),
    )
    rows = tuple((*names.boxes(row.cell), *_throughput(row), *_latencies(row)) for row in served)
    yield Grid(
        "throughput", "Operations per second, and latency as the client saw it", header, rows
    )
    silent = [name for name, cells in by_workload(served).items() if not any(map(_has_any, cells))]
    if silent:
        yield Line(f"No latency is told by the client of {', '.join(silent)}.", "note")
    yield Line(UNKNOWN_EVENTS, "note")


def _has_any(row: Row) -> bool:
    return any(metric in row.by_metric for metric in LATENCIES.values())


def _throughput(row: Row) -> tuple[Box, Box]:
    found = row.by_metric.get(ELAPSED)
    if found is None or not found.estimate:
        return text(NOTHING), text(NOTHING)
    per_s = 1e9 / found.estimate
    of_reference = None if not found.ratio else 1 / found.ratio
    return number(count(per_s), per_s), number(ratio(of_reference), of_reference)


def _latencies(row: Row) -> Iterator[Box]:
    for metric in LATENCIES.values():
        found = row.by_metric.get(metric)
        estimate = None if found is None else found.estimate
        yield number(duration(estimate), estimate)
        yield number(ratio(found.ratio), found.ratio) if found is not None else text(NOTHING)
        yield text(NOTHING if found is None else _against(found))


def _against(comparison: Comparison) -> str:
    """The ratio with the verdict's mark, in as little room as possible."""
    look = VERDICTS[comparison.verdict]
    return f"{look.mark} {ratio(comparison.ratio)}".strip() if look.mark else NOTHING
