"""How the cost of audit grows with the processes that make events at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.run import Cell

Growth = Literal["grows", "shrinks", "equal", "inconclusive"]


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """A scenario with one number of producers, against the reference with the same number.

    Times are nanoseconds per operation as one producer spends them: the elapsed time of all times
    the number of producers. `price_ns` is what the scenario adds to the reference, its interval
    that of the ratio; `growth_ns` is the paired difference of it to the price with the fewest
    producers, with its 95 % interval. None is what cannot be known.
    """

    cell: Cell
    scenario: str
    """What it is called without its number of producers."""
    producers: int
    time_ns: float
    reference_ns: float | None
    price_ns: float | None
    price_low: float | None
    price_high: float | None
    growth: Growth | None = None
    """None with the fewest producers."""
    growth_ns: float | None = None
    growth_low: float | None = None
    growth_high: float | None = None
    growth_blocks: int = 0
    waited_ns: float | None = None
    """For room in the backlog; part of `time_ns`."""
    waited_share: float | None = None
    """Of the time of all producers, 0 to 1."""
    backlog_high: int | None = None
    """The longest queue of any trial that is known, in records: seen, or full, as producers waited.
    """
    backlog_limit: int | None = None
    trials: int = 0
    trials_with_loss: int | None = None
    """None where a loss would not have been seen."""
    cpu_ns: float | None = None
    """Of workload, kauditd and consumer together."""
    reference_cpu_ns: float | None = None
