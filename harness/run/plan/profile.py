"""Which cells of a plan are profiled, and how many samples are wanted of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import UsageError, one_of
from harness.model.run import AA, Cell
from harness.model.stored.profile import Profiling
from harness.run.plan.plan import Plan
from harness.run.request import Pace, Request

MOST_CELLS = 2
SAMPLES: Mapping[Pace, int] = {"fast": 500, "default": 2000, "rigorous": 8000}
"""Of the load. 2,000 give a share of a half to within ±2 points, 500 to within ±4."""


def with_profile(plan: Plan, request: Request) -> Plan:
    """The plan with the cells to profile, as the request wants them; UsageError for bad ones."""
    if not request.profile.wanted:
        return plan
    if plan.kind == "replay" or request.instrument != "timed":
        raise UsageError(
            "--profile samples a load on this host's kernel",
            remedy="leave it out, or name a plan that is no replay and counts nothing",
        )
    words = request.profile.cells
    cells = _named(plan, words) if words else _default(plan)
    return replace(plan, profiling=Profiling(tuple(cells), SAMPLES[request.load.pace]))


def _named(plan: Plan, words: Sequence[str]) -> list[Cell]:
    found = [_one(plan, word) for word in words]
    if len(found) > MOST_CELLS or len(set(found)) < len(found):
        raise UsageError(
            "--profile-cell names one cell, or two different ones", remedy="leave the others out"
        )
    return found


def _one(plan: Plan, word: str) -> Cell:
    """The first cell that has all these names."""
    parts = {part.strip() for part in word.replace("×", "/").split("/")}
    cells = _possible(plan)
    for cell in cells:
        if parts <= {cell.workload, cell.scenario, cell.consumer}:
            return cell
    names = dict.fromkeys(f"{cell.workload}/{cell.scenario}" for cell in cells)
    raise UsageError(f"--profile-cell {word!r} is no cell of this plan", remedy=one_of(word, names))


def _default(plan: Plan) -> list[Cell]:
    """The first cell with rules, after what it is compared with."""
    cells = _possible(plan)
    compared = [cell for cell in cells if plan.reference.of(cell) != cell]
    ruled = [cell for cell in compared if plan.scenario_of(cell).rules]
    chosen = next(iter((*ruled, *compared, *cells)), None)
    if chosen is None:
        raise UsageError("--profile has no cell to sample", remedy="name another plan")
    reference = plan.reference.of(chosen)
    return [reference, chosen] if reference in cells and reference != chosen else [chosen]


def _possible(plan: Plan) -> list[Cell]:
    """The cells that can be measured again after the run, without the A/A cell."""
    return [
        cell
        for cell in plan.cells()
        if plan.scenario_of(cell).interleaved and not cell.scenario.endswith(AA)
    ]
