"""What a difference of two counts means: against a margin, and never finer than the floor."""

from __future__ import annotations

from harness.model.count import CountVerdict
from harness.model.gate import Outcome


def floor_of_both(base: float | None, head: float | None) -> float | None:
    """The floor of two counts against each other: the larger one, None where either is unknown."""
    return None if base is None or head is None else max(base, head)


def judge_counts(base: float, head: float, *, margin: float, floor: float | None) -> CountVerdict:
    """The verdict on two counts, the lower the better.

    `margin` is the share of BASE that does not matter, `floor` how far boots of the same lie apart,
    in instructions, None where that is unknown. Beyond both it is worse or better. Within the
    margin it is equal, unless the floor is wider than the margin: then nothing is known.
    """
    if floor is None:
        return "no-floor"
    difference, allowed = head - base, margin * abs(base)
    if abs(difference) > max(allowed, floor):
        return "worse" if difference > 0 else "better"
    return "equal" if floor <= allowed else "below-floor"


def judge_count_limit(base: float, head: float, *, bound: float, floor: float | None) -> Outcome:
    """Whether HEAD is at most `bound` times BASE; inconclusive where it is nearer than the floor.

    The same number twice is the same without any floor, as no difference is claimed.
    """
    if floor is None:
        return "inconclusive"
    excess = head - bound * base
    if abs(excess) <= floor and excess != 0:
        return "inconclusive"
    return "fail" if excess > 0 else "pass"
