"""Rows as CSV (RFC 4180), safe to open in a spreadsheet.

A spreadsheet runs text that begins with = + - or @ as a formula. Names come from rule files and
commands, so such text gets an apostrophe in front, which spreadsheets show as text. Numbers stay.
Control characters are escaped, so that a row is a line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from harness.plain import plain
from harness.reporters.page import Box, Grid

_FORMULA = ("=", "+", "-", "@")


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows under the columns of all of them, in order of appearance; None is an empty cell."""
    rows = list(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return _written([columns, *([row.get(name) for name in columns] for row in rows)])


def grid_csv(grid: Grid) -> str:
    """A table: its values in full."""
    shown = grid.on("csv")
    return _written([[column.name for column in shown.columns], *shown.rows])


def _written(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, Box):
        return value.raw if value.number else _cell(value.raw)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = plain(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
