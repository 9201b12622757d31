"""Verdicts on counts: by a margin, and never finer than the floor."""

from __future__ import annotations

import pytest

from harness.analysis.count import judge_count_limit, judge_counts


@pytest.mark.parametrize(
    ("head", "floor", "verdict"),
    [
        (1000.0, 0.1, "equal"),
        (1005.0, 0.1, "equal"),
        (1005.2, 0.1, "worse"),
        (994.0, 0.1, "better"),
        # A floor as wide as the margin still lets the margin decide.
        (1003.0, 5.0, "equal"),
        # A wider one leaves what lies within it open, however small the difference.
        (1006.0, 7.0, "below-floor"),
        (1000.0, 7.0, "below-floor"),
        (1008.0, 7.0, "worse"),
        (992.0, 7.0, "better"),
        (2000.0, None, "no-floor"),
    ],
)
def test_a_verdict_needs_more_than_margin_and_floor(
    head: float, floor: float | None, verdict: str
) -> None:
    assert judge_counts(1000.0, head, margin=0.005, floor=floor) == verdict


@pytest.mark.parametrize(
    ("head", "floor", "outcome"),
    [
        (1009.0, 0.5, "pass"),
        (1011.0, 0.5, "fail"),
        (1009.8, 0.5, "inconclusive"),
        (1010.2, 0.5, "inconclusive"),
        (1010.0, 0.5, "pass"),
        (900.0, None, "inconclusive"),
    ],
)
def test_a_limit_nearer_than_the_floor_is_open(
    head: float, floor: float | None, outcome: str
) -> None:
    assert judge_count_limit(1000.0, head, bound=1.01, floor=floor) == outcome


def test_nothing_is_no_share_of_nothing() -> None:
    assert judge_counts(0.0, 0.0, margin=0.005, floor=0.0) == "equal"
    assert judge_counts(0.0, 3.0, margin=0.005, floor=0.0) == "worse"
