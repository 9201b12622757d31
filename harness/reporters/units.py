"""Numbers as people read them."""

from __future__ import annotations

NOTHING = "–"
MINUS = "−"


def signed(text: str) -> str:
    """A number as text, its hyphen a real minus sign."""
    return f"{MINUS}{text[1:]}" if text.startswith("-") else text


def duration(ns: float | None) -> str:
    """Nanoseconds with three digits in the unit that suits them: `6.24 µs`, `494 µs`, `0`."""
    if ns is None:
        return NOTHING
    if ns == 0:
        return "0"
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if abs(ns) >= factor:
            return signed(f"{_three_digits(ns / factor)} {unit}")
    return signed(f"{_three_digits(ns)} ns")


def difference(reference_ns: float, of: float) -> str:
    """What a ratio adds to its reference: `+3.3 µs`. It has the sign of the ratio's percentage."""
    change = reference_ns * (of - 1)
    return f"+{duration(change)}" if change >= 0 else duration(change)


def metric_value(value: float | None, unit: str) -> str:
    """A value of a metric in its unit; nanoseconds in the unit that suits them."""
    if value is None:
        return NOTHING
    return duration(value) if unit == "ns" else signed(f"{value:,.4g} {unit}".removesuffix(" 1"))


def _three_digits(value: float) -> str:
    digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f}"


def count(number: float | None) -> str:
    """A whole number with separators."""
    return NOTHING if number is None else signed(f"{number:,.0f}")


def ratio(value: float | None) -> str:
    """A ratio; three decimals where small differences matter."""
    if value is None:
        return NOTHING
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def interval(low: float | None, high: float | None) -> str:
    """A confidence interval of a ratio."""
    return NOTHING if low is None or high is None else f"{ratio(low)} to {ratio(high)}"


def share(value: float | None) -> str:
    """A share as a percentage: `0 %`, `1.2 %`, `0.0034 %`."""
    if value is None:
        return NOTHING
    return signed(f"{value * 100:.3g} %" if value < 9.99 else f"{value * 100:,.0f} %")


def share_interval(low: float | None, high: float | None) -> str:
    """An interval of shares."""
    return NOTHING if low is None or high is None else f"{share(low)} to {share(high)}"


def probability(value: float | None) -> str:
    """A p or q value, to four decimals."""
    if value is None:
        return NOTHING
    return f"{value:.4f}" if value >= 0.0001 else "<.0001"


def percent(value: float) -> str:
    """A ratio as a change: 1.04 is `+4.0 %`."""
    change = (value - 1) * 100
    return signed(f"{change:+.1f} %" if abs(change) < 100 else f"{change:+.0f} %")


def milliseconds(value: float | None) -> str:
    """A waiting time in the unit that suits it."""
    if value is None:
        return NOTHING
    return duration(value * 1e6)
