"""The decision whether times of children with and without an audit context differ.

Numbers only: `probe` knows where the times come from, and what the answer means.
"""

from __future__ import annotations

import math
import statistics
from typing import Literal

Verdict = Literal["differ", "alike", "unclear"]

SLOWER = 0.08
"""They differ if the difference is certainly above this share of a call."""
ALIKE = 0.05
"""They are alike if it is certainly below this share."""


class Differences:
    """Differences plain minus bare, per pair of children and round, and their verdict."""

    def __init__(self, pairs: int) -> None:
        self.pairs: list[list[float]] = [[] for _ in range(pairs)]
        self.bare: list[float] = []

    def add(self, times: dict[str, list[list[float]]]) -> None:
        """Add one batch of the helper's times, in ns per call."""
        for pair, bare, plain in zip(self.pairs, times["bare"], times["plain"], strict=True):
            pair.extend(slow - fast for fast, slow in zip(bare, plain, strict=True))
            self.bare.extend(bare)

    def interval(self) -> tuple[float, float]:
        """A 99.9 % interval of the median difference, in ns, from order statistics.

        It assumes no shape: spikes caused by other work on the CPU do not move it.
        """
        ordered = sorted(difference for pair in self.pairs for difference in pair)
        low = max(0, math.floor(len(ordered) / 2 - 1.65 * math.sqrt(len(ordered))))
        return ordered[low], ordered[-1 - low]

    def verdict(self) -> Verdict:
        """`differ` or `alike` if the interval and every single pair agree, else `unclear`."""
        base = statistics.median(self.bare)
        low, high = self.interval()
        medians = [statistics.median(pair) / base for pair in self.pairs]
        if low > SLOWER * base and min(medians) > SLOWER:
            return "differ"
        if high < ALIKE * base and low > -ALIKE * base and max(map(abs, medians)) < ALIKE:
            return "alike"
        return "unclear"

    def evidence(self) -> dict[str, float]:
        """The numbers behind the verdict, ns per call."""
        low, high = self.interval()
        return {
            "bare_ns": round(statistics.median(self.bare), 2),
            "difference_ns": round(statistics.median(d for pair in self.pairs for d in pair), 2),
            "low_ns": round(low, 2),
            "high_ns": round(high, 2),
            "comparisons": sum(map(len, self.pairs)),
        }
