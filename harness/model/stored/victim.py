"""An innocent load beside the noisy one: as a plan has it, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from harness.model.numbers import Rate
from harness.model.run import Cell

PRIMARY = "victim_latency_p99_ns"
"""The metric that the answer of a run with a victim is about."""
ALONE = "alone"
"""The scenario in which it runs without the noisy load."""


class Victim(msgspec.Struct, frozen=True):
    """An innocent load at a fixed rate, in a session of its own beside each noisy one.

    `rate_per_s` are its operations per second. How many there are in a trial, the plan says.
    """

    workload: str
    rate_per_s: Rate

    @property
    def words(self) -> str:
        """The same in words."""
        return f"{self.workload} at {self.rate_per_s:,g}/s"


@dataclass(frozen=True, slots=True)
class VictimCell:
    """What the victim felt in one cell.

    Percentiles are the median over trials; the longest stall is that of all trials. Shares are of
    waiting for room in the backlog: of the time of all trials, and of that longest stall. None is
    what is not known: a victim that starts programs waits in them.
    """

    cell: Cell
    alone: bool
    is_reference: bool
    trials: int
    p50_ns: float
    p99_ns: float
    p999_ns: float
    longest_ns: float
    waiting_share: float | None = None
    longest_waiting_share: float | None = None
