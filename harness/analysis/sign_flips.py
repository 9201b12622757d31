"""The paired permutation test, and the interval that it makes when turned round.

Within a block the cells run in random order, so without a difference each log ratio could as well
have come out with the other sign. The p value is the share of all ways to flip the signs whose
mean is as far from zero. The interval holds the ratios that this test does not reject: its ends
are order statistics of the means of subsets of the blocks (Hartigan's typical values, 1969). Both
hold for noise of any size and shape in every block, bursts included, where Student's t on as many
blocks is too wide and the bootstrap much too narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_BLOCKS = 14
"""Up to so many blocks every way to flip the signs is looked at, above it DRAWS of them."""
DRAWS = 9999
LEAST_BLOCKS = 6
"""With fewer there are too few subsets for an interval of 95 %."""
_SEED = 20_240_229


def flip_p(log_ratios: Sequence[float]) -> float | None:
    """Two-sided p of no difference, identity counted: (k + 1) / (n + 1); None below two blocks."""
    import numpy as np

    if len(log_ratios) < 2:
        return None
    values = np.asarray(log_ratios, dtype=np.float64)
    subsets, _ = _subsets(len(values))
    flipped = np.abs(values.sum() - 2 * (subsets @ values))
    # Sums of the same numbers in another order differ by rounding.
    rounding = 1e-12 * np.abs(values).sum()
    as_far = int(np.count_nonzero(flipped >= abs(values.sum()) - rounding))
    return (as_far + 1) / (len(subsets) + 1)


def flip_interval(
    log_ratios: Sequence[float], confidences: Sequence[float]
) -> list[tuple[float, float]] | None:
    """The interval of the mean log ratio at each confidence; None below LEAST_BLOCKS.

    It covers at least as often as asked for; below eight blocks the steps are coarse.
    """
    import numpy as np

    if len(log_ratios) < LEAST_BLOCKS:
        return None
    values = np.asarray(log_ratios, dtype=np.float64)
    subsets, sizes = _subsets(len(values))
    means = subsets @ values / sizes
    outside = [int((1 - one) / 2 * (len(means) + 1) + 1e-9) for one in confidences]
    ends = [(tail - 1, len(means) - tail) for tail in outside]
    means = np.partition(means, sorted({rank for pair in ends for rank in pair}))
    return [(float(means[low]), float(means[high])) for low, high in ends]


@lru_cache(maxsize=8)
def _subsets(blocks: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Subsets of the blocks as rows of zeros and ones, all or DRAWS at random, with their sizes."""
    import numpy as np

    if blocks <= EXACT_BLOCKS:
        bits = np.arange(1, 2**blocks)[:, np.newaxis] >> np.arange(blocks) & 1
    else:
        # The same draws every time, so that a stored run says the same whenever it is shown.
        bits = np.random.default_rng(_SEED + blocks).integers(0, 2, size=(DRAWS, blocks))
        bits = bits[bits.any(axis=1)]
    subsets = bits.astype(np.float64)
    return subsets, subsets.sum(axis=1)
