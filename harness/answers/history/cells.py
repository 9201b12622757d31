"""Every cell of a history over its runs: levels, verdicts against the run before, changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from harness.analysis.against_reference import MetricView, compare
from harness.analysis.between_runs import CellPair, compare_across
from harness.analysis.change_points import change_points
from harness.answers.deciding import ELAPSED
from harness.answers.history.chosen import choose
from harness.answers.result import in_plan_order, metric_views
from harness.answers.trust import is_reliable
from harness.answers.waiting import share_waited_in
from harness.model.compare import Change
from harness.model.history import Point, Step, Track
from harness.model.reference import Margins, Reference
from harness.model.result import Comparison
from harness.model.run import Cell, Sample
from harness.store import StoredRun

Key = tuple[Cell, str]
"""A cell and a metric."""
_T_95 = 1.96
"""From half of a 95 % interval to a standard error, near enough to say how much a run is noise."""


def make_tracks(
    runs: Sequence[StoredRun], model: StoredRun, metrics: Sequence[str], cells: Sequence[str]
) -> list[Track]:
    """The tracks of the cells asked for, in the order of the model's plan.

    Raises UsageError if no cell has the requested name.
    """
    views = [view for view in metric_views() if view.name in metrics]
    views.sort(key=lambda view: metrics.index(view.name))
    found = [_comparisons(run, views) for run in runs]
    changes = _changes(runs, views, model.plan.margins)
    wanted = choose(_cells(model, runs), cells, lambda c: (c.workload, c.scenario, c.consumer))
    keys = [(cell, view) for view in views for cell in wanted]
    tracks = [_track(cell, view, runs, found, changes) for cell, view in keys]
    return [track for track in tracks if track is not None]


def _comparisons(run: StoredRun, views: Sequence[MetricView]) -> dict[Key, Comparison]:
    """What a run itself says of its cells."""
    compared = compare(in_plan_order(run), views, run.plan.reference)
    return {(comparison.cell, comparison.metric): comparison for comparison in compared}


def _changes(
    runs: Sequence[StoredRun], views: Sequence[MetricView], margins: Margins
) -> list[dict[Key, Change]]:
    """Each run against the trustworthy one before it; nothing where there is none."""
    found: list[dict[Key, Change]] = []
    before: list[Sample] = []
    reference = Reference()
    for run in runs:
        samples = in_plan_order(run)
        reliable = is_reliable(run)
        pairs = _pairs(before, samples) if reliable else []
        references = (reference, run.plan.reference)
        primary = views[0].name
        changes = compare_across(
            before, samples, pairs, views, references, margins, primary=primary
        )
        found.append(
            {(change.comparison.cell, change.comparison.metric): change for change in changes}
        )
        if reliable:
            before, reference = samples, run.plan.reference
    return found


def _pairs(old: Iterable[Sample], new: Iterable[Sample]) -> list[CellPair]:
    both = dict.fromkeys(sample.cell for sample in old)
    return [CellPair(c, c) for c in dict.fromkeys(sample.cell for sample in new) if c in both]


def _cells(model: StoredRun, runs: Sequence[StoredRun]) -> list[Cell]:
    """The cells of the model, then what other runs have besides; references say nothing."""
    samples = [s for run in (model, *runs) for s in in_plan_order(run)]
    cells = dict.fromkeys(sample.cell for sample in samples)
    reference = model.plan.reference
    if reference == Reference():
        return list(cells)
    # Other runs may have further references, of other numbers of workers.
    others = frozenset(name for run in runs for name in run.plan.reference.by_scenario.values())
    return [c for c in cells if reference.of(c) != c and c.scenario not in others]


def _track(
    cell: Cell,
    view: MetricView,
    runs: Sequence[StoredRun],
    found: Sequence[Mapping[Key, Comparison]],
    changes: Sequence[Mapping[Key, Change]],
) -> Track | None:
    """None where no run has it."""
    key = cell, view.name
    compared = [of_run.get(key) for of_run in found]
    if not any(compared):
        return None
    is_ratio = any(c is not None and c.ratio is not None for c in compared)
    points = [
        None if comparison is None else _point(comparison, of_run.get(key), is_ratio=is_ratio)
        for comparison, of_run in zip(compared, changes, strict=True)
    ]
    if view.name == ELAPSED:
        points = [
            point and replace(point, waited=share_waited_in(run.samples, run.plan, cell))
            for point, run in zip(points, runs, strict=True)
        ]
    reliable = [is_reliable(run) for run in runs]
    points, judged = _with_steps(points, reliable)
    return Track(cell, view.name, view.unit, is_ratio, tuple(points), judged)


def _point(comparison: Comparison, change: Change | None, *, is_ratio: bool) -> Point:
    judged = change.comparison if change is not None else None
    return Point(
        level=comparison.ratio if is_ratio else comparison.estimate,
        ci_low=comparison.ci_low if is_ratio else None,
        ci_high=comparison.ci_high if is_ratio else None,
        estimate=comparison.estimate,
        blocks=comparison.blocks,
        verdict=judged.verdict if judged else None,
        change=judged.ratio if judged else None,
    )


def _with_steps(
    points: list[Point | None], reliable: Sequence[bool]
) -> tuple[list[Point | None], int]:
    """The points with the changes of level marked, and how many runs were looked at."""
    at = [
        (place, point)
        for place, (point, fine) in enumerate(zip(points, reliable, strict=True))
        if fine and point is not None and point.level is not None and point.level > 0
    ]
    levels = [math.log(point.level or 1.0) for _, point in at]
    steps = change_points(levels, [_error(point) for _, point in at])
    if steps is None:
        return points, 0
    marked = list(points)
    for step in steps:
        place, point = at[step.place]
        marked[place] = replace(point, step=Step(math.exp(step.before), math.exp(step.after)))
    return marked, len(at)


def _error(point: Point) -> float | None:
    """The standard error of a log level, about; None where it has no interval."""
    if not point.ci_low or not point.ci_high or point.ci_low <= 0:
        return None
    return math.log(point.ci_high / point.ci_low) / 2 / _T_95
