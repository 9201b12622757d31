"""The paired permutation test on ranks (Wilcoxon's), its interval, and the ratio in its middle.

Within a block the cells run in random order, so without a difference each log ratio could as well
have come out with the other sign. How many of the means of two blocks (Walsh averages, a block with
itself included) lie above zero then has a distribution that is known exactly, whatever the noise.
The interval holds the ratios that this test does not reject, and the estimate is the median of
those means (Hodges and Lehmann, 1963). On normal noise that is as sharp as the mean and Student's t
to within five percent; where some trials are slowed much, as on machines that are shared, the mean
of as many blocks is less certain (docs/validity.md).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_BLOCKS_FOR_RANKS = 6
"""With fewer there is no interval of 95 %."""
EXACT_BLOCKS = 60
"""Above it the normal approximation is exact enough."""


def rank_p(log_ratios: Sequence[float]) -> float | None:
    """Two-sided p of no difference; None below two blocks.

    A block that shows no difference at all speaks for neither side.
    """
    if len(log_ratios) < 2:
        return None
    means = _walsh_averages(log_ratios)
    above, equal = int((means > 0).sum()), int((means == 0).sum())
    below = len(means) - above - equal
    smaller = min(above, below) + equal
    return min(1.0, 2 * _at_most(len(log_ratios), smaller))


def rank_centre(log_ratios: Sequence[float]) -> float:
    """The median of the means of two blocks; at least one log ratio."""
    means = _walsh_averages(log_ratios)
    return float(means[(len(means) - 1) // 2] + means[len(means) // 2]) / 2


def rank_interval(
    log_ratios: Sequence[float], confidences: Sequence[float]
) -> list[tuple[float, float]] | None:
    """The interval that covers at least each confidence; None below MIN_BLOCKS_FOR_RANKS."""
    if len(log_ratios) < MIN_BLOCKS_FOR_RANKS:
        return None
    means = _walsh_averages(log_ratios)
    places = [_rejected(len(log_ratios), (1 - one) / 2) for one in confidences]
    return [(float(means[place]), float(means[len(means) - 1 - place])) for place in places]


def _walsh_averages(values: Sequence[float]) -> NDArray[np.float64]:
    """The means of all pairs, each value with itself included, in order."""
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    first, second = np.triu_indices(len(array))
    return np.sort((array[first] + array[second]) / 2)


def _rejected(blocks: int, tail: float) -> int:
    """How many of the averages a test at this level may have on the wrong side."""
    few = blocks * (blocks + 1) // 4
    while few > 0 and _at_most(blocks, few) > tail:
        few -= 1
    return few


def _at_most(blocks: int, count: int) -> float:
    """The probability of at most `count` averages on one side, without a difference."""
    if blocks <= EXACT_BLOCKS:
        return float(_cumulated(blocks)[min(count, blocks * (blocks + 1) // 2)])
    mean = blocks * (blocks + 1) / 4
    deviation = math.sqrt(blocks * (blocks + 1) * (2 * blocks + 1) / 24)
    return 0.5 * math.erfc(-(count + 0.5 - mean) / deviation / math.sqrt(2))


@lru_cache(maxsize=EXACT_BLOCKS)
def _cumulated(blocks: int) -> NDArray[np.float64]:
    """The distribution of the sum of ranks 1 to `blocks`, each there with probability one half."""
    import numpy as np

    shares = np.ones(1)
    for rank in range(1, blocks + 1):
        with_rank = np.zeros(len(shares) + rank)
        with_rank[: len(shares)] = shares / 2
        with_rank[rank:] += shares / 2
        shares = with_rank
    return np.cumsum(shares)
