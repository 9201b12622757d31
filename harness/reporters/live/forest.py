"""Intervals as characters, all on one logarithmic scale: a forest plot for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable

LINE, POINT, REFERENCE = "─", "●", "│"
LEAST_SPAN = 1.05
"""The scale shows at least from 1/1.05 to 1.05, so that noise does not fill it."""


class Scale:
    """Places of ratios in `width` characters; 1, the reference, is always among them."""

    def __init__(self, ratios: Iterable[float], width: int) -> None:
        known = [value for value in ratios if value > 0 and math.isfinite(value)]
        self._low = math.log(min((1 / LEAST_SPAN, *known)))
        self._span = math.log(max((LEAST_SPAN, *known))) - self._low
        self._width = width

    def place(self, ratio: float) -> int:
        """The character of a ratio, from 0; at an edge if it is beyond it."""
        if ratio <= 0:
            return 0
        share = (math.log(ratio) - self._low) / self._span
        return round(min(max(share, 0.0), 1.0) * (self._width - 1))

    def drawn(self, ratio: float | None, low: float | None, high: float | None) -> str:
        """An interval with its ratio, and the reference."""
        characters = [" "] * self._width
        if low is not None and high is not None:
            for place in range(self.place(low), self.place(high) + 1):
                characters[place] = LINE
        characters[self.place(1)] = REFERENCE
        if ratio is not None:
            characters[self.place(ratio)] = POINT
        return "".join(characters)
