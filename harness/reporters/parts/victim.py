"""What the innocent load beside a noisy one felt, in a table per noisy load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.model.result import Comparison, Result, Verdict
from harness.model.stored.victim import PRIMARY, VictimCell
from harness.reporters.page import (
    DATA,
    INTERVAL,
    WIDE,
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Part,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.parts.rows import Row, cell_label, several_consumers
from harness.reporters.units import count, duration, ratio, share
from harness.reporters.words import VERDICTS

_COLUMNS = (
    Column("noisy load", left=True, media=DATA),
    Column("scenario", left=True),
    Column("p50"),
    Column("p99"),
    Column("p99.9"),
    Column("longest"),
    Column("of it waiting"),
    Column("waiting", media=WIDE),
    Column("p99 ratio", media=WIDE),
    *(column for column in INTERVAL if column.media == DATA),
    Column("verdict"),
    Column("trials", media=DATA),
)
_LEGEND = (
    "Latency of the victim's operations, from the moment at which each was to start: p50, p99 and "
    "p99.9 are medians over the trials, `longest` is the longest of all trials. `of it waiting` "
    "is the share of that longest stall, and `waiting` the share of all the time, that the victim "
    "slept for room in the backlog. The verdict compares p99 with that beside the noisy load "
    "without audit."
)


def by_noise(result: Result) -> dict[str, list[VictimCell]]:
    """The cells by noisy load."""
    found: dict[str, list[VictimCell]] = {}
    for each in result.victims:
        found.setdefault(each.cell.workload, []).append(each)
    return found


def victim_name(result: Result) -> str:
    """What the victim does."""
    return result.plan.victim.workload if result.plan.victim is not None else "the victim"


def victim_label(each: VictimCell, group: Iterable[VictimCell]) -> str:
    """The scenario, with the consumer where there are several."""
    several = several_consumers(Row(other.cell, {}, None) for other in group)
    return cell_label(each.cell, several=several)


def compared_p99(result: Result, each: VictimCell) -> Comparison | None:
    """The p99 of a cell against that without audit."""
    found = (c for c in result.comparisons if c.cell == each.cell and c.metric == PRIMARY)
    return next(found, None)


def victim_parts(result: Result) -> Iterator[Part]:
    """A table per noisy load; none without a victim."""
    for noisy, group in by_noise(result).items():
        yield Heading(f"The victim: {victim_name(result)} beside {noisy}")
        rows = tuple(_row(result, each, group) for each in group)
        yield Grid(f"victim-{noisy}", "What the victim felt", _COLUMNS, rows)
    if result.victims:
        yield Line(_LEGEND, "note")


def _row(result: Result, each: VictimCell, group: list[VictimCell]) -> tuple[Box, ...]:
    compared = compared_p99(result, each)
    found: Verdict = "no-reference" if compared is None else compared.verdict
    low, high = (None, None) if compared is None else (compared.ci_low, compared.ci_high)
    value = None if compared is None else compared.ratio
    return (
        text(each.cell.workload),
        text(victim_label(each, group)),
        *(
            number(duration(ns), ns)
            for ns in (each.p50_ns, each.p99_ns, each.p999_ns, each.longest_ns)
        ),
        number(share(each.longest_waiting_share), each.longest_waiting_share),
        number(share(each.waiting_share), each.waiting_share),
        number(ratio(value), value),
        *interval_boxes(low, high)[1:],
        verdict(VERDICTS[found]),
        number(count(each.trials), each.trials),
    )
