"""What a counted run would be: how long it takes, its kernels, its cells and their rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from harness.counted import counted
from harness.model.preview import CountPreview
from harness.plain import plain
from harness.reporters.page import Column, Grid, Heading, Line, Page, Part, number, text
from harness.reporters.preview import rules_parts
from harness.reporters.units import count

SCHEMA: Final = "auditbench.count-preview/1"
_STEP_S: Final = 5
_CELLS = (
    Column("workload", left=True),
    Column("scenario", left=True),
    Column("consumer", left=True, is_value=True),
    Column("rules"),
)


def count_preview_page(preview: CountPreview) -> Page:
    """A whole preview."""
    return Page("auditbench count --dry-run", tuple(_parts(preview)))


def count_preview_line(preview: CountPreview) -> str:
    """The first line: what would be counted, and how long it takes."""
    guests = len(preview.kernels) * preview.boots
    kernels = counted(len(preview.kernels), "kernel")
    return (
        f"{plain(preview.plan)}, counted: {counted(len(preview.cells), 'cell')} × {kernels} × "
        f"{counted(preview.boots, 'boot')} = {counted(preview.trials, 'trial')}; about "
        f"{_about(preview.seconds)} for {counted(guests, 'guest')}, {preview.at_once} at a time, "
        "longer on a busy machine."
    )


def _about(seconds: float) -> str:
    steps = max(1, round(seconds / _STEP_S)) * _STEP_S
    return f"{steps} s" if steps < 120 else f"{round(steps / 60)} min"


def _parts(preview: CountPreview) -> Iterator[Part]:
    yield Line(count_preview_line(preview), "answer")
    yield Line(
        "That is a guess; fetching a kernel comes on top. Where the boots of a kernel do not agree "
        f"on what events cost, it has {counted(preview.most_boots, 'boot')} at most."
    )
    yield Line(plain(f"Stored under {preview.results}."))
    yield from (Line(plain(words)) for words in preview.left_out)
    yield Heading("Kernels")
    yield from (Line(plain(words)) for words in preview.kernels)
    rows = (
        (
            text(each.cell.workload),
            text(each.cell.scenario),
            text(each.cell.consumer if each.touches_audit else "none, audit stays untouched"),
            number(count(len(each.rules)), len(each.rules)),
        )
        for each in preview.cells
    )
    yield Grid("cells", "", _CELLS, tuple(rows))
    yield from rules_parts(preview)
    words = "This was a dry run: nothing was fetched, started or counted."
    yield Line(f"{words} This host's audit is never touched.", "note")


def count_preview_document(preview: CountPreview) -> dict[str, Any]:
    """The same as one JSON document."""
    whole = msgspec.to_builtins(preview)
    cells = (
        {**each["cell"], "rules": each["rules"], "touches_audit": each["touches_audit"]}
        for each in whole.pop("cells")
    )
    line = count_preview_line(preview)
    return {"schema": SCHEMA, "instrument": "counted", "line": line, **whole, "cells": list(cells)}
