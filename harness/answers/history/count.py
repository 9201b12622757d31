"""Counted runs over time: every cell's count, and where it moved beyond margin and floor.

A count is no estimate, so that no level must be told from noise: two runs are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from harness.analysis.count import floor_of_both, judge_counts
from harness.answers.compare.comparability import OF_COUNTS, Difference
from harness.answers.count import make_counted
from harness.answers.history.chosen import choose
from harness.model.count import COUNT_MARGIN, CountedCell, CountVerdict, unit_of
from harness.model.history import Point, Step, Track
from harness.model.result import Verdict
from harness.model.run import Cell
from harness.store import StoredRun

LEAST_RUNS = 2
COUNTS_DIFFER_BY = OF_COUNTS - {"version", "emulator"}
"""Differences that make a count one of something else; all others a history is meant to follow."""


class _Key(NamedTuple):
    """What is followed; `kernel` is empty where each run has but one, whichever that is."""

    metric: str
    kernel: str
    workload: str
    scenario: str


def make_count_tracks(
    runs: Sequence[StoredRun], model: StoredRun, metrics: Sequence[str], cells: Sequence[str]
) -> list[Track]:
    """The tracks of the cells asked for, in the order of the model's plan.

    Raises UsageError if no cell has the requested name.
    """
    results = [make_counted(run).cells for run in runs]
    one_each = all(len({cell.kernel for cell in of_run}) < LEAST_RUNS for of_run in results)
    by_run = [{_key(c, one_each=one_each): c for c in of_run} for of_run in results]
    first = next((by_run[place] for place, run in enumerate(runs) if run is model), {})
    known = dict.fromkeys([*first, *(key for of_run in by_run for key in of_run)])
    chosen = choose(list(known), cells, lambda k: (k.workload, k.scenario, k.kernel))
    keys = [key for key in chosen if key.metric in metrics]
    consumers = {(s.workload, s.scenario): s.consumer for run in runs for s in run.samples}
    return [
        _track(key, [of_run.get(key) for of_run in by_run], consumers[key.workload, key.scenario])
        for key in sorted(keys, key=lambda key: metrics.index(key.metric))
    ]


def _key(cell: CountedCell, *, one_each: bool) -> _Key:
    return _Key(cell.metric, "" if one_each else cell.kernel, cell.workload, cell.scenario)


def _track(key: _Key, cells: Sequence[CountedCell | None], consumer: str) -> Track:
    points: list[Point | None] = []
    before: CountedCell | None = None
    for cell in cells:
        points.append(None if cell is None else _point(before, cell))
        before = cell or before
    judged = sum(cell is not None for cell in cells)
    return Track(
        cell=Cell(key.workload, key.scenario, consumer),
        metric=key.metric,
        unit=unit_of(key.metric),
        is_ratio=False,
        points=tuple(points),
        judged=judged if judged >= LEAST_RUNS else 0,
        kernel=key.kernel,
    )


def _point(before: CountedCell | None, cell: CountedCell) -> Point:
    point = Point(cell.estimate, None, None, cell.estimate, len(cell.boots))
    if before is None:
        return point
    floor = floor_of_both(before.floor, cell.floor)
    found = judge_counts(before.estimate, cell.estimate, margin=COUNT_MARGIN, floor=floor)
    moved = found in ("worse", "better") and before.estimate > 0
    return replace(
        point,
        verdict=_verdict(found),
        change=cell.estimate / before.estimate if before.estimate else None,
        step=Step(before.estimate, cell.estimate) if moved else None,
    )


def _verdict(found: CountVerdict) -> Verdict:
    """The same among the verdicts of a history."""
    match found:
        case "below-floor" | "no-floor":
            return "inconclusive"
        case _:
            return found


def count_notes(old: StoredRun, new: StoredRun, found: Iterable[Difference]) -> tuple[str, ...]:
    """In what a counted run differs from the one before it, its kernels first."""
    kernels = [", ".join(g.name for g in run.environment.guests) for run in (old, new)]
    moved = [f"Linux {kernels[0]} → {kernels[1]}"] if kernels[0] != kernels[1] else []
    return tuple(dict.fromkeys([*moved, *(d.words for d in found if d.name in OF_COUNTS)]))
