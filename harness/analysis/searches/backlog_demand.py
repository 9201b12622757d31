"""How long the kernel's queue gets: arithmetic alone.

The load is a token bucket, as network calculus has it: at most `burst` at once and `rate_per_s`
for good. What serves it takes nothing while it stands still, and `drain_per_s` after that. All
counts are of one unit, such as records. Source: Le Boudec and Thiran, Network Calculus, 1.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PER_SECOND = 10
"""Tenths."""
_MINUTE_S = 60.0
_LONGER_S = (2, 5, 10, 20, 40)
"""Between a second and a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """`made_per_s` is how fast a burst is made; `pause_s` how long nothing is taken, from the
    burst's begin.
    """

    rate_per_s: float
    burst: float
    made_per_s: float
    pause_s: float = 0.0

    def arrived(self, t_s: float) -> float:
        """How much has come so long after the burst began."""
        return min(max(self.made_per_s, self.rate_per_s) * t_s, self.burst + self.rate_per_s * t_s)

    @property
    def burst_s(self) -> float:
        """How long the burst lasts; 0 where nothing makes more than the rate."""
        over = self.made_per_s - self.rate_per_s
        return self.burst / over if over > 0 else 0.0


def longest_queue(demand: Demand, drain_per_s: float) -> float | None:
    """The longest that the queue gets; None where it grows for good.

    It grows while more comes than is taken: until the burst is over, or the pause.
    """
    if drain_per_s <= demand.rate_per_s:
        return None
    ends = (demand.burst_s, demand.pause_s)
    taken = (drain_per_s * max(t - demand.pause_s, 0.0) for t in ends)
    return max(0.0, *(demand.arrived(t) - gone for t, gone in zip(ends, taken, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Busiest:
    """The most events of a log in a tenth of a second, in a second and in a minute, wherever these
    begin, and the token bucket that admits all three: `rate_per_s` and `burst`, in events.
    """

    tenth: int
    second: int
    minute: int
    minute_s: float
    """How long the busiest minute is: less than 60 where the log is shorter."""
    rate_per_s: float
    burst: int
    longer: tuple[tuple[int, int], ...]
    """(seconds, the most events in so many in a row), for times between a second and a minute."""


def busiest(tenths: Sequence[tuple[int, int, int]]) -> Busiest:
    """The busiest times of a log. `tenths` are (tenth of a second, events, records), in order.

    ValueError where there is none.
    """
    span_s = (tenths[-1][0] - tenths[0][0] + 1) / PER_SECOND if tenths else 0.0
    if not span_s:
        raise ValueError("no events")
    minute_s = min(max(span_s, 1.0), _MINUTE_S)
    tenth, second, minute = (_most(tenths, round(s * PER_SECOND)) for s in (0.1, 1.0, minute_s))
    rate = minute / minute_s
    over = max(tenth - rate / PER_SECOND, second - rate)
    return Busiest(
        tenth=tenth,
        second=second,
        minute=minute,
        minute_s=minute_s,
        rate_per_s=rate,
        burst=max(round(over), 1),
        longer=tuple((s, _most(tenths, s * PER_SECOND)) for s in _LONGER_S if s < minute_s),
    )


def longest_after(
    windows: Iterable[tuple[float, float]], drain_per_s: float
) -> tuple[float, float]:
    """(seconds, queue) of the window whose load leaves the longest queue at its end, not above 0
    where none leaves any. `windows` are (seconds, how much comes in them).
    """
    queues = ((seconds, came - drain_per_s * seconds) for seconds, came in windows)
    return max(queues, key=lambda found: found[1], default=(0.0, 0.0))


def _most(tenths: Sequence[tuple[int, int, int]], window: int) -> int:
    """The most events in so many tenths in a row."""
    most = held = first = 0
    for number, events, _ in tenths:
        held += events
        while tenths[first][0] <= number - window:
            held -= tenths[first][1]
            first += 1
        most = max(most, held)
    return most
