"""How many boots a kernel needs: two, and more where these do not agree on what events cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean
from typing import Final

from harness.model.count import CONSUMER, INSTRUCTIONS, KAUDITD, CountKey
from harness.model.run import Sample

BOOTS: Final = 2
"""Their difference is the floor."""
MOST_BOOTS: Final = 5
TOLERANCES: Final = {INSTRUCTIONS: 0.02, KAUDITD: 0.10, CONSUMER: 0.10}
"""How far two boots may lie apart, as a share of their mean."""
LEAST = 100.0
"""Instructions; what is less is the measurement's own noise."""


class Spread:
    """What the boots of a run have counted, cell by cell."""

    def __init__(self) -> None:
        self._counts: dict[CountKey, list[float]] = {}

    def add(self, sample: Sample) -> None:
        """Take note of a trial; one that is not used has no metrics."""
        for metric in TOLERANCES.keys() & sample.metrics.keys():
            key = CountKey(sample.kernel, sample.workload, sample.scenario, metric)
            self._counts.setdefault(key, []).append(sample.metrics[metric])

    def kernels_to_boot_again(self) -> list[str]:
        """The kernels with a cell whose boots lie too far apart, and not as many as may be."""
        wide = (key.kernel for key, counts in self._counts.items() if _is_wide(key.metric, counts))
        return list(dict.fromkeys(wide))


def _is_wide(metric: str, counts: Sequence[float]) -> bool:
    """Whether the mean of these boots is worse than that of two that differ as far as they may."""
    mean = fmean(counts)
    if not 1 < len(counts) < MOST_BOOTS or mean < LEAST:
        return False
    apart = (max(counts) - min(counts)) / mean
    return apart / sqrt(len(counts) / BOOTS) > TOLERANCES[metric]
