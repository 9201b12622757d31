"""False discovery control: how sure a difference is that was looked for among many."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVEL = 0.05
"""Of the differences called outside the primary metric at most this share is false."""


def q_values(ps: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's adjusted p over the whole family; None stays None, uncounted."""
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    least = 1.0
    for rank in range(len(known), 0, -1):
        p, place = known[rank - 1]
        least = min(least, p * (len(known) / rank))
        adjusted[place] = least
    return adjusted


def blocks_for_family(tests: int) -> int:
    """Blocks with which one true difference among `tests` can have a q of LEVEL.

    The smallest p of n blocks is 2 of the 2ⁿ ways to flip the signs.
    """
    return max(2, 1 + math.ceil(math.log2(max(tests, 1) / LEVEL)))
