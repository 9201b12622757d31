"""A small version of the proof in docs/validity.md, on the product's own schedule and comparison.

`benchmarks/validity/simulate.py` and `until_ci.py` are the large ones. Seeds are fixed, so what is
asserted here does not depend on luck; the bounds are those of the proof, somewhat wider for fewer
runs.
"""

from __future__ import annotations

import pytest

from benchmarks.validity import simulate as script
from benchmarks.validity import until_ci


@pytest.mark.parametrize(
    ("noise", "blocks"),
    [("drifting", 8), ("bursty", 8), ("bimodal", 8), ("steady", 20), ("bursty", 20)],
)
def test_intervals_cover_and_equal_cells_are_not_told_apart(noise: str, blocks: int) -> None:
    tally = script.simulate(script.Setting(noise, blocks), range(120), seed=1)
    assert tally.chances["covered"] == 5 * 120
    assert 0.925 <= tally.share("covered") <= 0.975
    assert 0.92 <= tally.share("covered by t") <= 0.99
    assert tally.share("false verdict") <= 0.02
    assert 0.015 <= tally.share("p below 0.05") <= 0.09
    if blocks >= 20:
        assert 0.9 <= tally.share("covered by BCa") <= 0.985
    if noise == "steady":
        assert tally.share("5 % worse") >= 0.95
        assert tally.share("3 % seen") >= 0.95


def test_the_order_that_people_use_by_hand_is_wrong() -> None:
    tally = script.simulate(script.Setting("drifting", 8), range(60), seed=2)
    assert tally.share("sequential: false verdict") > 0.3
    assert tally.share("false verdict") <= 0.02


def test_broken_claims_are_found() -> None:
    tally = script.Tally()
    for place in range(1000):
        tally.note("covered", place < 900)
        tally.note("covered by BCa", place < 950)
        tally.note("false verdict", place < 60)
    [covered, false] = script.broken_claims(script.Setting("bursty", 8), tally)
    assert "covered 90.0%" in covered
    assert "false verdicts" in false
    assert "90.0" in script.table({script.Setting("bursty", 8): tally})


@pytest.mark.parametrize(("noise", "cells"), [("steady", 1), ("bursty", 5)])
def test_an_interval_that_ended_its_run_still_covers(noise: str, cells: int) -> None:
    row = until_ci.simulate(until_ci.Setting(noise, cells, 0.02), range(150), seed=1)
    tally = row.tally
    assert tally.chances["covered"] == cells * 150
    assert 0.925 <= tally.share("covered") <= 0.985
    assert tally.share("false verdict") <= 0.02
    assert tally.share("ended by width") == 1
    assert len(set(row.blocks)) > 3, "the width was not what ended them"


def test_broken_claims_of_runs_that_end_by_width_are_found() -> None:
    row = until_ci.Row(blocks=[8] * 100)
    for place in range(100):
        row.tally.note("covered", place < 90)
        row.tally.note("widest covered", place < 95)
        row.tally.note("false verdict", place < 6)
    setting = until_ci.Setting("bursty", 1, 0.01)
    [covered, false] = until_ci.broken_claims(setting, row)
    assert "bursty, 1 cells, ±1 %: covered 0.9" in covered
    assert "false verdicts 0.06" in false
    assert "90.0" in until_ci.table({setting: row})
