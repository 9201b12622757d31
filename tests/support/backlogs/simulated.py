"""A queue that is filled and drained record by record: what arithmetic is held against."""

from __future__ import annotations

import functools
import heapq
import math
from collections.abc import Iterator

from harness.analysis.searches.backlog_demand import Demand

AFTER_S = 0.2
"""The rate goes on so long after burst and pause."""


def _arrivals(demand: Demand) -> Iterator[float]:
    """When each record comes: as fast as they are made, as long as the bucket has tokens."""
    until_s = max(demand.pause_s, demand.burst / demand.made_per_s * 3) + AFTER_S
    t_s, tokens = 0.0, demand.burst
    while t_s < until_s:
        if tokens < 1:
            wait_s = (1 - tokens) / demand.rate_per_s if demand.rate_per_s else until_s
            t_s, tokens = t_s + wait_s, 1.0
            if t_s >= until_s:
                return
        yield t_s
        step_s = 1 / demand.made_per_s
        tokens += demand.rate_per_s * step_s - 1
        t_s += step_s


@functools.cache
def _served(demand: Demand, drain_per_s: float, limit: float) -> tuple[int, int]:
    """The longest that the queue got, and how many records found no room in it."""
    ends: list[float] = []
    last_s = demand.pause_s
    longest = lost = 0
    for t_s in _arrivals(demand):
        while ends and ends[0] <= t_s:
            heapq.heappop(ends)
        # The kernel refuses a record while more than the limit are queued.
        if len(ends) > limit:
            lost += 1
            continue
        last_s = max(last_s, t_s) + 1 / drain_per_s
        heapq.heappush(ends, last_s)
        longest = max(longest, len(ends))
    return longest, lost


def longest_simulated(demand: Demand, drain_per_s: float) -> int:
    """The longest that a queue without limit gets, in records."""
    return _served(demand, drain_per_s, math.inf)[0]


def lost_simulated(demand: Demand, drain_per_s: float, backlog: int) -> int:
    """How many records a queue with this limit turns away."""
    return _served(demand, drain_per_s, backlog)[1]
