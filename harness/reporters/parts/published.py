"""Published measurements beside what this host finds, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.model.result import Result
from harness.model.stored.published import Agreement, Redone
from harness.reporters.page import (
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
)
from harness.reporters.units import metric_value, ratio

AGREEMENTS: Mapping[Agreement, str] = {
    "same": "same direction and size",
    "larger": "same direction, more than twice the change",
    "smaller": "same direction, less than half the change",
    "direction": "same direction, size inconclusive",
    "opposite": "other direction",
    "none": "no such change",
    "inconclusive": "inconclusive",
    "not-measured": "not measured",
}
_COLUMNS = (
    Column("measurement", left=True),
    Column("source", left=True, media=WIDE),
    Column("set-up", left=True, media=WIDE),
    Column("found there", left=True, media=WIDE),
    Column("ratio there"),
    Column("ratio here"),
    *INTERVAL,
    Column("found here", left=True, media=WIDE),
    Column("agreement", left=True, is_value=True),
    Column("why it may differ", left=True, media=WIDE),
)
_LEGEND = (
    "Ratios are of what was measured with audit or rules to what was measured without. The size "
    "is called the same where the whole 95 % interval of the change here is between half and twice "
    "the published change."
)


def found_here(each: Redone) -> str:
    """Both values, as the published ones are given; empty where nothing was measured."""
    if each.value is None or each.reference is None:
        return ""
    return f"{metric_value(each.reference, each.unit)} to {metric_value(each.value, each.unit)}"


def published_parts(result: Result) -> Iterator[Part]:
    """The table of all of them; none for a plan without."""
    if not result.redone:
        return
    yield Heading("Published measurements, redone")
    yield Grid("published", "Published and found here", _COLUMNS, tuple(map(_row, result.redone)))
    yield Line(_LEGEND, "note")


def _row(each: Redone) -> tuple[Box, ...]:
    row = each.published
    return (
        text(row.name),
        text(row.source),
        text(row.set_up),
        text(row.found),
        number(ratio(row.ratio), row.ratio),
        number(ratio(each.ratio), each.ratio),
        *interval_boxes(each.ci_low, each.ci_high),
        text(found_here(each)),
        text(AGREEMENTS[each.agreement]),
        text(row.why),
    )
