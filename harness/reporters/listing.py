"""What there is to choose from, as `auditbench list` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.reporters.page import Grid, Page, columns, text


def list_page(what: str, entries: Sequence[Mapping[str, str]]) -> Page:
    """A row per entry under the names of its fields, which all entries share."""
    names = tuple(entries[0])
    rows = tuple(tuple(text(entry[name]) for name in names) for entry in entries)
    grid = Grid(what, "", columns(*names, left=len(names)), rows)
    return Page(f"auditbench list {what}", (grid,))
