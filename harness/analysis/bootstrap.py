"""The BCa bootstrap interval of a mean log ratio, shown beside the other from 20 blocks on.

As it stands in the books it covers too seldom here, so three things are done about it
(docs/validity.md has the numbers): its level is the one at which a bootstrap of normal values
agrees with Student's t (Hesterberg's expansion, 2015); each log ratio is drawn together with its
mirror image about the mean, since shuffled cells make their noise symmetric and the acceleration
would be estimated from a handful of bursts; and there is none where a block is far out.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_BLOCKS_FOR_BCA = 20
RESAMPLES = 1999
CONFIDENCE = 0.95
FAR_OUT = 3.0
"""Tukey's outer fence: interquartile ranges beyond the quartiles."""
_SEED = 20_150_411
_ROWS_AT_ONCE = 64

Interval = tuple[float, float]


def bca_intervals(rows: Sequence[Sequence[float]]) -> list[Interval | None]:
    """The 95 % interval of the mean of each row of log ratios.

    None for a row of fewer than MIN_BLOCKS_FOR_BCA, or with a block that is far out.
    """
    found: list[Interval | None] = [None] * len(rows)
    by_length: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        if len(row) >= MIN_BLOCKS_FOR_BCA:
            by_length.setdefault(len(row), []).append(place)
    for places in by_length.values():
        for start in range(0, len(places), _ROWS_AT_ONCE):
            some = places[start : start + _ROWS_AT_ONCE]
            for place, interval in zip(some, _equally_long([rows[p] for p in some]), strict=True):
                found[place] = interval
    return found


def _equally_long(rows: Sequence[Sequence[float]]) -> list[Interval | None]:
    import numpy as np

    values = np.asarray(rows, dtype=np.float64)
    centres = values.mean(axis=1)
    deviations = values - centres[:, np.newaxis]
    usable = ~_far_out(values)
    spread = np.abs(deviations).max(axis=1) > 1e-12
    found: list[Interval | None] = [
        (float(centre), float(centre)) if fine else None
        for centre, fine in zip(centres, usable, strict=True)
    ]
    places = np.flatnonzero(usable & spread)
    if len(places):
        low, high = _mirrored(deviations[places])
        for place, below, above in zip(places, low, high, strict=True):
            centre = centres[place]
            finite = math.isfinite(below) and math.isfinite(above)
            found[place] = (float(centre + below), float(centre + above)) if finite else None
    return found


def _far_out(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    import numpy as np

    low, high = np.quantile(values, (0.25, 0.75), axis=1)
    reach = FAR_OUT * (high - low) + 1e-12
    beyond = (values < (low - reach)[:, np.newaxis]) | (values > (high + reach)[:, np.newaxis])
    return np.asarray(beyond.any(axis=1))


def _mirrored(
    deviations: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the interval about zero, for rows of deviations from their mean."""
    import numpy as np
    from scipy.stats import bootstrap

    blocks = deviations.shape[1]
    with warnings.catch_warnings():
        # Degenerate rows come out as NaN, which is what is looked at.
        warnings.simplefilter("ignore")
        interval = bootstrap(
            (np.concatenate([deviations, -deviations], axis=1),),
            np.mean,
            axis=1,
            vectorized=True,
            method="BCa",
            confidence_level=_expanded(blocks),
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(_SEED),
        ).confidence_interval
    # A mean of twice as many draws varies by the root of two less.
    low, high = np.asarray(interval.low), np.asarray(interval.high)
    return math.sqrt(2) * low, math.sqrt(2) * high


def _expanded(blocks: int) -> float:
    """The level at which the bootstrap of `blocks` normal values is as wide as Student's t."""
    from scipy.special import ndtr, stdtrit

    quantile = stdtrit(blocks - 1, (1 + CONFIDENCE) / 2) * math.sqrt(blocks / (blocks - 1))
    return float(2 * ndtr(quantile) - 1)
