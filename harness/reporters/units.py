"""Numbers as people read them."""

from __future__ import annotations

NOTHING = "–"


def duration(ns: float | None) -> str:
    """Nanoseconds in the unit that leaves one to three digits before the point."""
    if ns is None:
        return NOTHING
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= factor:
            return (
                f"{ns / factor:.3g} {unit}"
                if abs(ns) < 1000 * factor
                else f"{ns / factor:.0f} {unit}"
            )
    return f"{ns:.3g} ns"


def count(number: float | None) -> str:
    """A whole number with separators."""
    return NOTHING if number is None else f"{number:,.0f}"


def ratio(value: float | None) -> str:
    """A ratio; three decimals where small differences matter."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def interval(low: float | None, high: float | None) -> str:
    """A confidence interval of a ratio."""
    return NOTHING if low is None or high is None else f"{ratio(low)} to {ratio(high)}"


def percent(value: float) -> str:
    """A ratio as a change: 1.04 is `+4.0 %`."""
    change = (value - 1) * 100
    return f"{change:+.1f} %" if abs(change) < 100 else f"{change:+.0f} %"


def milliseconds(value: float | None) -> str:
    """A waiting time; zero is shown as a plain 0."""
    if value is None:
        return NOTHING
    return "0" if value == 0 else duration(value * 1e6)
