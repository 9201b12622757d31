"""Quantities as people write them on a command line: shares, durations, margins by metric."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from harness.answers.limits import SHORT_NAMES
from harness.errors import UsageError, did_you_mean, near_names, one_of
from harness.metrics.catalog import METRICS

_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)\s*(\D*)")
MOST_PERCENT = 100
MOST_SECONDS = 366 * 86400
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600}


def parse_share(option: str, text: str) -> float:
    """`1%` and `0.01` are both 0.01; UsageError unless it is above 0 and below 1."""
    match = _NUMBER.fullmatch(text.strip())
    share = None
    if match and match[2] in ("%", ""):
        share = float(match[1]) / (100 if match[2] else 1)
    if share is None or not 0 < share < 1:
        raise UsageError(f"{option} {text!r} is not a share", remedy=_share_meant(match))
    return share


def _share_meant(match: re.Match[str] | None) -> str:
    """A bare number from 1 on is meant as a percentage."""
    if match and not match[2] and 1 <= (number := float(match[1])) < MOST_PERCENT:
        return f"write it as {number:g}% or {number / 100:g}"
    return "write it as 1% or 0.01"


def parse_duration_s(option: str, text: str) -> float:
    """`300ms`, `90s`, `10m` and `1h`.

    UsageError without a unit, and unless above 0 and a year at most.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match and match[2] in _SECONDS:
        seconds = float(match[1]) * _SECONDS[match[2]]
        if 0 < seconds <= MOST_SECONDS:
            return seconds
    number = text.strip()
    is_bare = match is not None and not match[2] and float(match[1]) > 0
    meant = f"{number}ms, {number}s or {number}m" if is_bare else "300ms, 90s, 10m or 1h"
    raise UsageError(f"{option} {text!r} is not a duration", remedy=f"write it as {meant}")


def compared_metric(where: str, name: str) -> str:
    """The full name of a metric that is compared, from that or its short one; else UsageError."""
    metric = METRICS.get(SHORT_NAMES.get(name, name))
    if metric is not None and metric.compared:
        return metric.name
    compared = [known.name for known in METRICS.values() if known.compared]
    near = near_names(name, [*SHORT_NAMES, *compared])
    raise UsageError(
        f"{where}: no metric that is compared is called {name!r}",
        remedy=did_you_mean(near) if near else one_of(name, SHORT_NAMES),
    )


def parse_margins(
    words: Iterable[str], full_name: Callable[[str, str], str] = compared_metric
) -> tuple[float | None, dict[str, float]]:
    """`2%` for all metrics and `METRIC=3%` for one: the former or None, and the latter by name.

    `full_name` is told the option and a metric as it was written.
    """
    general: float | None = None
    by_metric: dict[str, float] = {}
    for word in words:
        name, equals, share = word.rpartition("=")
        if equals:
            by_metric[full_name("--margin", name.strip())] = parse_share("--margin", share)
        else:
            general = parse_share("--margin", word)
    return general, by_metric
