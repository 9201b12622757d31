"""Axes with numbers as people read them: ratios, and times over several powers of ten."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from harness.reporters.units import duration

if TYPE_CHECKING:
    from matplotlib.axis import Axis

SPREAD_FOR_LOG = 3.0
MOST_TICKS = 5
_EVEN = (1.0, 2.0, 5.0, 10.0)


def ratio_limits(values: Iterable[float | None]) -> tuple[float, float]:
    """From below the least to above the greatest, 1 in it; room left at both ends."""
    known = [1.0, *(value for value in values if value is not None and value > 0)]
    low, high = math.log(min(known)), math.log(max(known))
    room = max((high - low) * 0.06, 0.004)
    return math.exp(low - room), math.exp(high + room)


def spreads(low: float, high: float) -> bool:
    """Whether a range is so wide that only a logarithmic axis shows all of it."""
    return high / low >= SPREAD_FOR_LOG


def round_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """At most so many round numbers of a logarithmic axis: 1, 2, 5 of each power, or fewer."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    found: list[float] = []
    for steps in ((1, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,)):
        found = [
            step * 10.0**power
            for power in range(first, last + 1)
            for step in steps
            if low <= step * 10.0**power <= high
        ]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def even_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """At most so many round numbers at even distances between the two."""
    if not low < high:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    for factor in (*_EVEN, 20.0, 50.0):
        step = factor * power
        found = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        if len(found) <= most:
            return [number * step for number in found]
    return [low, high]


def set_ticks(axis: Axis, ticks: Sequence[float], text: Callable[[float], str]) -> None:
    """These ticks and no others, as `text` has them: nothing is left to mathematics."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter(FixedFormatter([text(tick) for tick in ticks]))
    axis.set_minor_locator(NullLocator())


def plain_number(value: float) -> str:
    """A tick's number without an exponent."""
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    return text or "0"


def axis_duration(ns: float) -> str:
    """A tick's time: `20 µs` rather than `20.0 µs`."""
    number, _, unit = duration(ns).partition(" ")
    short = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{short} {unit}".strip()
