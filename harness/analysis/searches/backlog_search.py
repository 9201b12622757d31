"""Which backlog to try next: between one that loses and one that does not.

A backlog that lost anything in any trial loses. One that lost nothing in a few trials is tried
in as many as the goal demands only when it is the smallest such: at the border it may lose in one
trial out of ten. It only depends on what was tried, so a search that was stopped goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.model.searches.size import LEAST_RECORDS, MOST_RECORDS, TriedBacklog

AT_ONCE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """When a search has found its answer: `width` is the share between the two backlogs."""

    trials: int = 20
    first_trials: int = 3
    width: float = 0.1
    most_trials: int = 400
    """Where the border itself moves, a search would never end."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to try next."""

    backlog: int
    trials: int


def bracket(
    tried: Iterable[TriedBacklog],
) -> tuple[TriedBacklog | None, TriedBacklog | None]:
    """The largest backlog that lost something, and the smallest above it that did not."""
    known = [each for each in tried if each.trials]
    lossy = max((t for t in known if t.lost), key=lambda t: t.backlog, default=None)
    least = lossy.backlog if lossy else 0
    clean = [t for t in known if not t.lost and t.backlog > least]
    return lossy, min(clean, key=lambda t: t.backlog, default=None)


def next_step(tried: Sequence[TriedBacklog], start: int, goal: Goal) -> Step | None:
    """What to try next; None when the search is over. It begins at `start` records."""
    if sum(each.trials for each in tried) >= goal.most_trials:
        return None
    lossy, clean = bracket(tried)
    backlog = _untried(lossy, clean, start, goal)
    if backlog is not None:
        return Step(backlog, goal.first_trials)
    return _rest(clean, goal) or _rest(lossy, goal)


def _untried(
    lossy: TriedBacklog | None, clean: TriedBacklog | None, start: int, goal: Goal
) -> int | None:
    """A backlog that was not tried yet; None where the two are the answer, or none is beyond."""
    if clean is None:
        wanted = start if lossy is None else 2 * lossy.backlog
        known = lossy
    elif lossy is None:
        wanted, known = clean.backlog // 2, clean
    else:
        between = round(math.sqrt(lossy.backlog * clean.backlog))
        near = clean.backlog <= lossy.backlog * (1 + goal.width)
        return None if near or between in (lossy.backlog, clean.backlog) else between
    bounded = min(max(wanted, LEAST_RECORDS), MOST_RECORDS)
    return None if known is not None and known.backlog == bounded else bounded


def _rest(tried: TriedBacklog | None, goal: Goal) -> Step | None:
    """The trials that it lacks, a few at a time: the first loss ends the matter."""
    missing = goal.trials - tried.trials if tried is not None else 0
    return Step(tried.backlog, min(missing, AT_ONCE)) if tried and missing > 0 else None
