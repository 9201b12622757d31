"""The search between a value that is absorbed and one that is not, from any start."""

from __future__ import annotations

import pytest

from harness.analysis.searches.threshold_search import (
    ThresholdGoal,
    most_absorbed,
    next_threshold,
)
from harness.model.searches.capacity import TriedValue

GOAL = ThresholdGoal(least=1, most=10_000)


def found(truth: int, start: float) -> tuple[TriedValue | None, TriedValue | None]:
    """What a search finds of values of which those above `truth` lose."""
    tried: dict[int, TriedValue] = {}
    while step := next_threshold(list(tried.values()), start, GOAL):
        trials = step.trials + (tried[step.value].trials if step.value in tried else 0)
        tried[step.value] = TriedValue(step.value, trials, trials if step.value > truth else 0)
    return most_absorbed(tried.values())


@pytest.mark.parametrize("truth", [1, 2, 3, 7, 50, 9000])
@pytest.mark.parametrize("start", [0.3, 1, 2, 2.4, 2.6, 4, 60, 9999])
def test_both_ends_are_near_the_truth_wherever_it_begins(truth: int, start: float) -> None:
    clean, lossy = found(truth, start)
    assert clean is not None
    assert lossy is not None
    assert clean.value <= truth < lossy.value
    assert lossy.value <= max(clean.value * (1 + GOAL.width), clean.value + 1)
    assert clean.trials == lossy.trials == GOAL.trials


def test_where_nothing_loses_the_largest_is_tried() -> None:
    clean, lossy = found(GOAL.most, 2)
    assert lossy is None
    assert clean is not None
    assert clean.value == GOAL.most
