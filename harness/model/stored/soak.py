"""A soak: one long trial at a steady rate, and what of its consumer grows meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from harness.model.run import Cell

Growing = Literal["memory", "cpu", "delay"]
"""Resident memory in bytes; CPU time per event in ns; delay of the output in ms."""
Seconds = Annotated[float, msgspec.Meta(gt=0, le=366 * 86400)]


class Soak(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the load lasts in the one trial of a cell, and its operations per second."""

    seconds: Seconds = 600.0
    rate_per_s: Annotated[int, msgspec.Meta(gt=0, le=10**9)] = 1000


@dataclass(frozen=True, slots=True)
class Trend:
    """How one quantity of a cell's consumer went on during a soak.

    `per_hour` is the slope (Theil and Sen's median of pairs) with its 95 % interval, `level` the
    median of all; in the unit of the quantity. `seconds` were looked at, the beginning left out.
    None is a slope of too few points.
    """

    cell: Cell
    growing: Growing
    level: float
    per_hour: float | None
    low: float | None
    high: float | None
    points: int
    seconds: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves no doubt that there is a trend."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)
