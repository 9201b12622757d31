"""A small version of the proof in docs/validity.md, on the product's own schedule and comparison.

`benchmarks/validity/simulate.py` is the large one. Seeds are fixed, so what is asserted here does
not depend on luck; the bounds are those of the proof, somewhat wider for fewer runs.
"""

from __future__ import annotations

import pytest

from benchmarks.validity import simulate as script


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
