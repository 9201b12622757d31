"""Numbers as they may stand in what was stored, and those that statistics cannot be made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta

LEAST, MOST = 1e-30, 1e30
"""Magnitudes between which a measured number lies, 0 aside: beyond them statistics have no numbers
any more (a ratio of two denormals overflows), and nothing in nature is measured so."""
MOST_DEPTH = 32
"""How deep a document may be nested; those of runs are nested six deep."""

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""How often something is there, or how long in whole units: exact as a float, too."""
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Nanoseconds = Annotated[float, Meta(ge=0, le=1e18)]
Milliseconds = Annotated[float, Meta(ge=-1e15, le=1e15)]
WholeMilliseconds = Annotated[int, Meta(ge=0, le=10**9)]
Margin = Annotated[float, Meta(gt=0, le=100)]
Rate = Annotated[int, Meta(gt=0, le=10**9)] | Annotated[float, Meta(gt=0, le=1e9)]
"""Operations per second; a whole number stays one, so that it is printed as it was given."""


def refuse_extremes(metrics: Mapping[str, float]) -> None:
    """ValueError, by name, for a metric that no statistics can be made of."""
    for name, value in metrics.items():
        if value and not LEAST <= abs(value) <= MOST:
            raise ValueError(f"{value!r} is no measured value - at `$.metrics.{name}`")


def refuse_extremes_within(document: Any, place: str = "$", depth: int = 0) -> None:
    """The same for every number at any depth of a document, and for one nested too deep."""
    if depth > MOST_DEPTH:
        raise ValueError(f"it is nested too deep - at `{place}`")
    if isinstance(document, dict):
        for key, value in document.items():
            refuse_extremes_within(value, f"{place}.{key}", depth + 1)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            refuse_extremes_within(value, f"{place}[{index}]", depth + 1)
    elif isinstance(document, int | float) and not -MOST <= document <= MOST:
        # Also what is not a number: it compares as nothing.
        raise ValueError(f"{str(document)[:40]} is no number that can be - at `{place}`")
