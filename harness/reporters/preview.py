"""What a run would do: how long it takes, its cells, the rules in force, what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from harness.counted import counted
from harness.model.preview import CountPreview, PlannedCell, Preview
from harness.model.searches.size import Sizing
from harness.reporters.estimate import estimate_line
from harness.reporters.page import Column, Grid, Heading, Line, Page, Part, number, text
from harness.reporters.parts.matching import file_line, login_line
from harness.reporters.units import NOTHING, count, duration

SCHEMA = "auditbench.preview/1"
_SEVERAL = 2
_FEW = 10
_CELLS = (
    Column("workload", left=True),
    Column("cell", left=True),
    Column("consumer", left=True, is_value=True),
    Column("operations"),
    Column("rules"),
    Column("sets", left=True, is_value=True),
)


def preview_page(preview: Preview) -> Page:
    """A whole preview."""
    return Page("auditbench run --dry-run", tuple(_parts(preview)))


def preview_line(preview: Preview) -> str:
    """The first line, as the run itself would say it."""
    return estimate_line(
        preview.plan,
        cells=len(preview.cells),
        blocks=preview.blocks,
        trials=preview.trials,
        time=preview.estimate,
    )


def _parts(preview: Preview) -> Iterator[Part]:
    yield Line(preview_line(preview), "answer")
    yield Line(
        f"Order by seed {preview.seed} (--seed {preview.seed} repeats it); "
        f"CPUs: {_cpus(preview)}; stored under {preview.results}."
    )
    if preview.sizing is not None:
        yield Line(_demand(preview.sizing))
    if preview.victim:
        yield Line(
            f"The victim is {preview.victim}, and the operations below are its own: the noisy load "
            "goes on until it is done."
        )
    if preview.profiled:
        names = " and ".join(f"{c.workload} × {c.scenario}" for c in preview.profiled)
        yield Line(f"Afterwards further trials of {names} sample the kernel's stacks.")
    yield from (Line(words) for words in preview.left_out)
    shared = _shared_settings(preview.cells)
    grid = Grid("cells", "", _CELLS, tuple(_row(cell, shared) for cell in preview.cells))
    workloads = {planned.cell.workload for planned in preview.cells}
    # Room for what the cells set, at 80 columns.
    yield _without_first(grid) if len(workloads) == 1 else grid
    alike = [*(workloads if len(workloads) == 1 else ()), *([_settings(shared)] if shared else ())]
    if alike:
        yield Line(f"All cells: {', '.join(alike)}.", "note")
    yield from rules_parts(preview)
    yield Heading("Changed on the host")
    yield from map(Line, preview.changes)
    yield Line("This was a dry run: nothing was changed or measured.", "note")


def _demand(sizing: Sizing) -> str:
    """The load that the backlog is to hold, in operations, or in events of a log."""
    log = sizing.log
    noun = "operation" if log is None else "event"
    rate = f"{sizing.rate_per_s:,.4g}" if sizing.rate_per_s < _FEW else f"{sizing.rate_per_s:,.0f}"
    words = (
        f"The backlog is to hold {counted(sizing.burst, noun)} at once and {rate} per second "
        "after that"
    )
    if log is not None:
        shows = "shows" if len(log.files) == 1 else "show"
        words += f", the busiest that {counted(len(log.files), 'log')} {shows}"
    if sizing.pause_ms:
        words += f", while the consumer stands still for {duration(sizing.pause_ms * 1e6)}"
    return f"{words}."


def rules_parts(preview: Preview | CountPreview) -> Iterator[Part]:
    """The rules of each cell, and how many of them the loads can match."""
    yield Heading("Rules in force")
    yield from map(Line, _rules(preview))
    if said := list(_said_of_rules(preview)):
        yield Heading("What the load can match")
        yield from map(Line, said)


def _without_first(grid: Grid) -> Grid:
    rows = tuple(row[1:] for row in grid.rows)
    return replace(grid, columns=grid.columns[1:], rows=rows)


def _cpus(preview: Preview) -> str:
    roles = (f"{role} {','.join(map(str, cpus))}" for role, cpus in preview.cpus.items())
    return ", ".join(roles) or "as the kernel chooses"


def _told(planned: PlannedCell) -> dict[str, Any]:
    """What a cell sets; that audit is on goes without saying."""
    return {k: v for k, v in planned.limits.items() if (k, v) != ("enabled", 1)}


def _shared_settings(cells: Sequence[PlannedCell]) -> dict[str, Any]:
    """What all of several cells set alike."""
    told = [_told(cell) for cell in cells if cell.touches_audit]
    if len(told) < _SEVERAL:
        return {}
    return {k: v for k, v in told[0].items() if all(other.get(k) == v for other in told)}


def _settings(limits: Mapping[str, Any]) -> str:
    return ", ".join(name if value is True else f"{name}={value}" for name, value in limits.items())


def _row(planned: PlannedCell, shared: Mapping[str, Any]) -> tuple[Any, ...]:
    """A cell, without the settings that all share."""
    cell = planned.cell
    limits = _settings({k: v for k, v in _told(planned).items() if k not in shared})
    return (
        text(cell.workload),
        text(cell.scenario),
        text(cell.consumer),
        number(count(planned.operations), planned.operations),
        number(count(len(planned.rules)), len(planned.rules)),
        text(limits or (NOTHING if planned.touches_audit else "audit stays untouched")),
    )


def _rules(preview: Preview | CountPreview) -> Iterator[str]:
    """A line per rule, below the cells that have the same rules."""
    touching = [planned for planned in preview.cells if planned.touches_audit]
    sets: dict[str, set[tuple[str, ...]]] = {}
    for planned in touching:
        sets.setdefault(planned.cell.scenario, set()).add(planned.rules)
    groups: dict[tuple[str, ...], list[str]] = {}
    for planned in touching:
        cell = planned.cell
        # A name alone would stand twice where the rules depend on the workload.
        alone = len(sets[cell.scenario]) == 1
        name = cell.scenario if alone else f"{cell.scenario} ({cell.workload})"
        groups.setdefault(planned.rules, []).append(name)
    for rules, names in groups.items():
        yield f"{', '.join(dict.fromkeys(names))}:{'' if rules else ' none'}"
        yield from (f"  {rule}" for rule in rules)


def _said_of_rules(preview: Preview | CountPreview) -> Iterator[str]:
    yield from dict.fromkeys(file_line(each) for each in preview.matching if each.file)
    if preview.login is not None:
        yield login_line(preview.login)


def preview_document(preview: Preview) -> dict[str, Any]:
    """The same as one JSON document."""
    whole = msgspec.to_builtins(preview)
    cells = [{**each.pop("cell"), **each} for each in whole.pop("cells")]
    return {"schema": SCHEMA, "line": preview_line(preview), **whole, "cells": cells}
