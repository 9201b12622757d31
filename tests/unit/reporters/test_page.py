"""A page is laid out once: which medium shows which column, and what each does with a box."""

from __future__ import annotations

import csv

import pytest

from harness.reporters.page import Box, Column, Grid, columns, number, text, verdict
from harness.reporters.render.csv import grid_csv
from harness.reporters.words import VERDICTS

HOSTILE = "=a|b\nc <img src=x> @team [bold]x[/] \x1b[31m"


def grid_of(*boxes: Box) -> Grid:
    names = columns(*(f"c{place}" for place in range(len(boxes))), left=1)
    return Grid("table", "a table", names, (boxes,))


def test_a_medium_shows_its_own_columns_only() -> None:
    media = (Column("a"), Column("b", media=frozenset(("html", "csv"))), Column("c", left=True))
    grid = Grid("table", "", media, ((text("1"), text("2"), text("3")),))
    assert [column.name for column in grid.on("terminal").columns] == ["a", "c"]
    assert grid.on("terminal").rows == ((text("1"), text("3")),)
    assert grid.on("html") == grid


def test_rows_are_as_wide_as_the_columns() -> None:
    with pytest.raises(AssertionError, match="table"):
        Grid("table", "", columns("a", "b", left=1), ((text("1"),),))


def test_csv_has_the_values_in_full_and_no_formula() -> None:
    grid = grid_of(text(HOSTILE), number("1.2 ms", -1234567.8), number("", None))
    (header, row) = csv.reader(grid_csv(grid).splitlines())
    assert header == ["c0", "c1", "c2"]
    assert row == ["'=a|b\\x0ac <img src=x> @team [bold]x[/] \\x1b[31m", "-1234567.8", ""]


def test_a_verdict_has_its_mark_only_where_it_is_shown() -> None:
    box = verdict(VERDICTS["worse"], " (so far)")
    assert (box.marked, box.raw) == ("▲ worse", "worse (so far)")
    assert verdict(VERDICTS["reference"]).marked == "reference"
