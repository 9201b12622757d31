"""The data behind a plot as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.reporters.page import Box, Grid, columns, text
from harness.reporters.units import NOTHING

MOST_ROWS = 250
"""A longer table is not shown, only copied and downloaded."""


def data_grid(
    name: str, caption: str, header: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Grid:
    """The data behind a plot; rows that are too short are filled."""
    width = len(header)
    boxes = (tuple(_box(value) for value in row) for row in rows)
    filled = tuple((row + (Box(NOTHING),) * width)[:width] for row in boxes)
    return Grid(name, caption, columns(*header, left=0), filled)


def _box(value: Any) -> Box:
    if value is None:
        return Box(NOTHING)
    if isinstance(value, bool):
        return text("yes" if value else "no")
    if isinstance(value, int | float):
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
        return Box(shown, repr(value), number=True)
    return text(value)
