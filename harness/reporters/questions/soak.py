"""The answer to *soak*: what of a consumer grows while the same load goes on."""

from __future__ import annotations

from collections.abc import Sequence

from harness.model.result import Result
from harness.model.stored.soak import Trend
from harness.reporters.parts.soak import (
    QUANTITIES,
    amount,
    between_slopes,
    soaked_label,
    trend_words,
)
from harness.reporters.units import duration


def soak_first(result: Result) -> str:
    """What grows, or of which quantities no growth is shown, and of which nothing can be said."""
    seconds = max(trend.seconds for trend in result.trends)
    over = f"over {duration(seconds * 1e9)}" if seconds < 120 else f"over {seconds / 60:.3g} min"
    sloped = [trend for trend in result.trends if trend.per_hour is not None]
    if not sloped:
        return f"{over[:1].upper()}{over[1:]} nothing can be said: too few points for a slope."
    short = [trend for trend in result.trends if trend.per_hour is None]
    return " ".join(filter(None, (_growth(result, sloped, over), _too_short(result, short))))


def _growth(result: Result, sloped: Sequence[Trend], over: str) -> str:
    growing = [t for t in sloped if t.is_shown and (t.per_hour or 0) > 0]
    if not growing:
        names = dict.fromkeys(QUANTITIES[trend.growing] for trend in sloped)
        return f"No growth of {' or '.join(names)} is shown {over}."
    parts = [
        f"the {QUANTITIES[t.growing]} of {soaked_label(result, t.cell)} by "
        f"{amount(t.growing, t.per_hour)} per hour ({between_slopes(t)})"
        for t in growing
    ]
    return f"Growing {over}: {'; '.join(parts)}."


def _too_short(result: Result, short: Sequence[Trend]) -> str:
    names = [f"the {QUANTITIES[t.growing]} of {soaked_label(result, t.cell)}" for t in short]
    return f"Too few points for a slope: {', '.join(names)}." if names else ""


def soak_cells(result: Result) -> list[str]:
    """Every quantity of every cell, a sentence per cell."""
    by_cell: dict[str, list[Trend]] = {}
    for trend in result.trends:
        by_cell.setdefault(soaked_label(result, trend.cell), []).append(trend)
    return [f"{name}: {'; '.join(map(_words, group))}." for name, group in by_cell.items()]


def _words(trend: Trend) -> str:
    head = f"{QUANTITIES[trend.growing]} {amount(trend.growing, trend.level)}"
    if trend.per_hour is None:
        return f"{head}, {trend_words(trend)} for a slope"
    per_hour = amount(trend.growing, trend.per_hour)
    return f"{head}, {per_hour} per hour ({between_slopes(trend)}; {trend_words(trend)})"
