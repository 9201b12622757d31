"""Whether what was found here agrees with what was published."""

from __future__ import annotations

import pytest

from harness.analysis.published import agreement, redone
from harness.model.result import Comparison
from harness.model.run import Cell
from harness.model.stored.published import Agreement, Published

ROW = Published(
    name="Somebody 2001",
    source="a list",
    set_up="a machine",
    found="1 to 2 µs",
    ratio=2.0,
    workload="syscalls",
    scenario="no-rules",
    why="it is long ago",
)


@pytest.mark.parametrize(
    ("published", "low", "high", "expected"),
    [
        (2.0, 1.6, 2.9, "same"),
        (2.0, 1.01, 1.4, "smaller"),
        (2.0, 3.1, 4.0, "larger"),
        (2.0, 1.4, 1.6, "direction"),
        (2.0, 1.4, 4.0, "direction"),
        (2.0, 0.8, 0.95, "opposite"),
        (2.0, 0.99, 1.01, "none"),
        (2.0, 0.5, 1.9, "inconclusive"),
        (0.5, 0.4, 0.6, "same"),
        (0.5, 1.1, 1.2, "opposite"),
        (2.0, None, None, "inconclusive"),
        (1.0, 0.9, 1.1, "inconclusive"),
    ],
)
def test_direction_and_size(
    published: float, low: float | None, high: float | None, expected: Agreement
) -> None:
    assert agreement(published, low, high) == expected


def compared(scenario: str, ratio: float | None) -> Comparison:
    return Comparison(
        cell=Cell("syscalls", scenario, "assemble"),
        metric="elapsed_ns_per_op",
        unit="ns",
        estimate=190.0,
        reference=100.0,
        ratio=ratio,
        ci_low=ratio and ratio - 0.1,
        ci_high=ratio and ratio + 0.1,
        blocks=8,
        verdict="worse",
        margin=0.02,
    )


def test_a_row_is_redone_by_its_own_cell() -> None:
    (row,) = redone([ROW], [compared("disabled", 1.0), compared("no-rules", 1.9)])
    assert (row.agreement, row.reference, row.value, row.ratio) == ("same", 100.0, 190.0, 1.9)


def test_a_row_whose_cell_was_left_out_is_not_measured() -> None:
    for found in ([], [compared("disabled", 1.9)], [compared("no-rules", None)]):
        (row,) = redone([ROW], found)
        assert (row.agreement, row.ratio) == ("not-measured", None)
