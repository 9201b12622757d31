"""False discovery control: how sure a difference is that was looked for among many."""

from __future__ import annotations

import math
from collections.abc import Sequence

LEVEL = 0.05
"""Of the differences called outside the primary metric at most this share is false."""


def q_values(ps: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's adjusted p over the whole family; None stays None, uncounted."""
    from scipy.stats import false_discovery_control

    known = [p for p in ps if p is not None]
    if not known:
        return list(ps)
    adjusted = iter(false_discovery_control(known, method="bh"))
    return [None if p is None else float(next(adjusted)) for p in ps]


def blocks_for_family(tests: int) -> int:
    """Blocks with which one true difference among `tests` can have a q of LEVEL.

    The smallest p of n blocks is 2 of the 2ⁿ ways to flip the signs.
    """
    return max(2, 1 + math.ceil(math.log2(max(tests, 1) / LEVEL)))
