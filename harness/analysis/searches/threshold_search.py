"""Which burst or pause to try next: between one that is absorbed and one that is not.

A value that lost anything in any trial loses. Each is tried once; only the two that are the answer
are tried as often as the goal demands. It only depends on what was tried, so a search that was
stopped goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.model.searches.capacity import TriedValue

STEP = 1.25
"""The first step beyond what arithmetic gives, which is near; the further ones are larger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdGoal:
    """When a search has found its answer, and the values that are tried at all."""

    least: int
    most: int
    trials: int = 3
    width: float = 0.05
    """The share between the two values."""
    most_trials: int = 40
    """Where the border itself moves, a search would never end."""


@dataclass(frozen=True, slots=True)
class ThresholdStep:
    """What to try next."""

    value: int
    trials: int


def most_absorbed(
    tried: Iterable[TriedValue],
) -> tuple[TriedValue | None, TriedValue | None]:
    """The largest value below the smallest that lost something, and that one."""
    known = [each for each in tried if each.trials]
    lossy = min((t for t in known if t.lost), key=lambda t: t.value, default=None)
    most = lossy.value if lossy else math.inf
    clean = [t for t in known if not t.lost and t.value < most]
    return max(clean, key=lambda t: t.value, default=None), lossy


def next_threshold(
    tried: Sequence[TriedValue], start: float, goal: ThresholdGoal
) -> ThresholdStep | None:
    """What to try next; None when the search is over. It begins at `start`."""
    if sum(each.trials for each in tried) >= goal.most_trials:
        return None
    clean, lossy = most_absorbed(tried)
    value = _untried(clean, lossy, start, goal, STEP ** len(tried))
    if value is not None:
        return ThresholdStep(value, 1)
    for each in (clean, lossy):
        if each is not None and each.trials < goal.trials:
            return ThresholdStep(each.value, goal.trials - each.trials)
    return None


def has_ended(tried: Sequence[TriedValue], goal: ThresholdGoal) -> bool:
    """Whether the search found its answer, and was not given up or stopped on the way."""
    given_up = sum(each.trials for each in tried) >= goal.most_trials
    return not given_up and next_threshold(tried, goal.least, goal) is None


def _untried(
    clean: TriedValue | None,
    lossy: TriedValue | None,
    start: float,
    goal: ThresholdGoal,
    step: float,
) -> int | None:
    """A value that was not tried yet; None where the two are the answer, or none is beyond."""
    if clean is not None and lossy is not None:
        between = round(math.sqrt(clean.value * lossy.value))
        near = lossy.value <= clean.value * (1 + goal.width)
        return None if near or between in (clean.value, lossy.value) else between
    known = clean or lossy
    wanted = start
    if clean is not None:
        wanted = max(clean.value * step, clean.value + 1)
    elif lossy is not None:
        wanted = min(lossy.value / step, lossy.value - 1)
    bounded = round(min(max(wanted, goal.least), goal.most))
    return None if known is not None and known.value == bounded else bounded
