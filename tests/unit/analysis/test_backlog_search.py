"""The search for a backlog, against queues of which it is known what they need."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from harness.analysis.searches.backlog_demand import Demand, longest_queue
from harness.analysis.searches.backlog_search import Goal, bracket, next_step
from harness.model.searches.size import LEAST_RECORDS, MOST_RECORDS, TriedBacklog
from tests.support.backlogs.simulated import lost_simulated

GOAL = Goal()


def searched(loses: Callable[[int], bool], start: int, goal: Goal = GOAL) -> list[TriedBacklog]:
    """All that a search tries of a queue that loses where `loses` says so."""
    tried: dict[int, TriedBacklog] = {}
    while step := next_step(tuple(tried.values()), start, goal):
        before = tried.get(step.backlog, TriedBacklog(step.backlog, 0, 0))
        lost = sum(loses(step.backlog) for _ in range(step.trials))
        tried[step.backlog] = TriedBacklog(
            step.backlog, before.trials + step.trials, before.lost + lost
        )
    return list(tried.values())


@pytest.mark.parametrize("start", [LEAST_RECORDS, 3000, 60_000, MOST_RECORDS])
@pytest.mark.parametrize("needed", [65, 900, 17_000, 130_000])
def test_it_brackets_what_is_needed_wherever_it_begins(needed: int, start: int) -> None:
    lossy, clean = bracket(searched(lambda backlog: backlog < needed, start))
    assert lossy is not None
    assert clean is not None
    assert lossy.backlog < needed <= clean.backlog
    assert clean.backlog <= max(lossy.backlog * 1.1 + 1, lossy.backlog + 1)
    assert (lossy.trials, lossy.lost) == (20, 20)
    assert (clean.trials, clean.lost) == (20, 0)


@pytest.mark.parametrize("drain_per_s", [20_000, 60_000])
def test_a_simulated_queue_gives_what_arithmetic_gives(drain_per_s: float) -> None:
    demand = Demand(rate_per_s=500, burst=20_000, made_per_s=100_000)
    computed = longest_queue(demand, drain_per_s)
    assert computed is not None
    lossy, clean = bracket(
        searched(lambda backlog: lost_simulated(demand, drain_per_s, backlog) > 0, 1000)
    )
    assert lossy is not None
    assert clean is not None
    assert lossy.backlog < computed * 1.001
    assert computed * 0.999 < clean.backlog


def test_a_good_start_is_cheap() -> None:
    trials = {
        start: sum(t.trials for t in searched(lambda backlog: backlog < 17_000, start))
        for start in (LEAST_RECORDS, 17_100)
    }
    assert trials[17_100] < trials[LEAST_RECORDS]


def test_what_loses_once_in_ten_trials_is_no_answer() -> None:
    chance = random.Random(7)

    def loses(backlog: int) -> bool:
        return backlog < 10_000 or (backlog < 14_000 and chance.random() < 0.1)

    answers = [bracket(searched(loses, 9000)) for _ in range(20)]
    assert all(clean is not None and clean.lost == 0 for _, clean in answers)
    assert all(lossy is not None and lossy.lost for lossy, _ in answers)
    # Twenty trials in which nothing is lost are had at a tenth one time in eight.
    good = sum(clean is not None and clean.backlog >= 12_000 for _, clean in answers)
    assert good > 10


def test_the_least_may_be_enough() -> None:
    lossy, clean = bracket(searched(lambda _: False, 5000))
    assert lossy is None
    assert clean == TriedBacklog(LEAST_RECORDS, 20, 0)


def test_the_most_may_be_too_little() -> None:
    tried = searched(lambda _: True, 5000)
    lossy, clean = bracket(tried)
    assert lossy == TriedBacklog(MOST_RECORDS, 20, 20)
    assert clean is None


def test_no_backlog_without_limit_and_none_beyond_the_largest_is_tried() -> None:
    for needed in (1, 10**9):
        for start in (0, 10**9):
            tried = searched(lambda backlog, needed=needed: backlog < needed, start)  # type: ignore[misc]
            assert all(LEAST_RECORDS <= each.backlog <= MOST_RECORDS for each in tried)


def test_a_border_that_moves_ends_at_last() -> None:
    chance = random.Random(1)
    tried = searched(lambda _: chance.random() < 0.2, 5000)
    assert sum(each.trials for each in tried) <= GOAL.most_trials + GOAL.trials
