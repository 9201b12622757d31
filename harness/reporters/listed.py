"""Stored runs as `auditbench list runs` shows them: a row per run, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import PurePath
from typing import Any

from harness.counted import agreeing, counted
from harness.model.listed import ListedRun
from harness.reporters.page import WIDE, Box, Column, Grid, Line, Page, text
from harness.reporters.units import NOTHING
from harness.reporters.words import DOUBTFUL, STOPPED, VERDICTS

SCHEMA = "auditbench.list/1"
_COLUMNS = (
    Column("run", left=True),
    Column("started (UTC)", left=True),
    Column("label", left=True),
    Column("plan", left=True),
    Column("rules or command", left=True, shortened=True),
    Column("verdicts", left=True),
    Column("folder", left=True, media=WIDE),
)
_LABEL = next(place for place, column in enumerate(_COLUMNS) if column.name == "label")
_LONG_LABEL = 20
"""Letters from which on a label is cut short, so that the other columns have room."""
_DAMAGED = "damaged"


def listed_page(runs: Sequence[ListedRun], left_out: int) -> Page:
    """A row per run; lines say what the marks mean, and how many runs are left out."""
    parts: list[Grid | Line] = [_grid(runs)]
    if legend := _legend(runs):
        parts.append(Line(f"Cells by verdict: {legend}.", "note"))
    if left_out:
        words = f"{counted(left_out, 'run')} {agreeing(left_out, 'is', 'are')} not shown"
        parts.append(Line(f"{words}: --last N shows more.", "note"))
    return Page("auditbench list runs", tuple(parts))


def _grid(runs: Sequence[ListedRun]) -> Grid:
    """The table, without a column that is empty in all rows."""
    rows = [_row(run) for run in runs]
    kept = [
        place
        for place in range(len(_COLUMNS))
        if any(row[place].text != NOTHING for row in rows) or not rows
    ]
    return Grid(
        "runs",
        "",
        tuple(_column(place, rows) for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
    )


def _column(place: int, rows: Sequence[tuple[Box, ...]]) -> Column:
    """A label is to be typed: it stands in full, if it is not too long for a table."""
    is_long = place == _LABEL and any(len(row[place].text) > _LONG_LABEL for row in rows)
    return replace(_COLUMNS[place], shortened=True) if is_long else _COLUMNS[place]


def _legend(runs: Sequence[ListedRun]) -> str:
    """The marks that the table has, in words."""
    seen = {verdict for run in runs for verdict in run.verdicts}
    return ", ".join(
        f"{look.mark} {look.word}" for name, look in VERDICTS.items() if name in seen and look.mark
    )


def _row(run: ListedRun) -> tuple[Box, ...]:
    return (
        text(run.word),
        text(run.started_at[:16].replace("T", " ") or NOTHING),
        text(f"@{run.label}" if run.label else NOTHING),
        text(run.plan or NOTHING),
        text(_subject(run)),
        text(verdict_words(run)),
        text(run.folder),
    )


def _subject(run: ListedRun) -> str:
    """What was measured that is the user's own."""
    names = ", ".join(PurePath(name).name for name in run.rules)
    command = " ".join(run.command)
    return "; ".join(filter(None, (names, f"-- {command}" if command else ""))) or NOTHING


def verdict_words(run: ListedRun) -> str:
    """How many cells have each verdict, and what is wrong with the run."""
    if run.damage:
        return _DAMAGED
    counts = [
        f"{look.mark or look.word} {run.verdicts[verdict]}"
        for verdict, look in VERDICTS.items()
        if run.verdicts.get(verdict)
    ]
    flaws = ((STOPPED, not run.complete), (DOUBTFUL, not run.trustworthy))
    words = [look.word for look, has_it in flaws if has_it]
    kind = ["counted"] if run.counted else []
    return "  ".join((*kind, *counts, *words)) or NOTHING


def listed_document(runs: Sequence[ListedRun]) -> dict[str, Any]:
    """The same as one JSON document."""
    return {"schema": SCHEMA, "runs": [asdict(run) for run in runs]}
