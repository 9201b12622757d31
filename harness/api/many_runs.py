"""Finding runs, and comparing them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from harness.answers.compare.comparability import parse_allowed
from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.compare.count import CountOptions, are_counted, compare_counts
from harness.answers.quantities import compared_metric
from harness.api.one_run import Run
from harness.errors import UsageError
from harness.model.compare import ChangeReport
from harness.model.count_changes import CountReport
from harness.model.options import RESULTS, RESULTS_VARIABLE
from harness.store import find_run, list_runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def results_folder(named: str | Path | None) -> Path:
    """Where runs are looked for: what is named, else $AUDITBENCH_RESULTS, else `results`."""
    return Path(named or os.environ.get(RESULTS_VARIABLE) or RESULTS)


def load(run: str | Path = "latest", *, results: str | Path | None = None) -> Run:
    """A run by its folder, by `<machine>/<run>` or `<run>` under `results`, `latest`, or `@LABEL`.

    `latest~1` is the one before. If no `results` are named, they are those that the command line
    takes: $AUDITBENCH_RESULTS, or `results`. Raises UsageError where there is no such run, or a
    damaged one.
    """
    found = Run(find_run(str(run), results_folder(results)))
    _ = found.stored
    return found


def runs(folder: str | Path | None = None) -> tuple[Run, ...]:
    """All runs below a folder, in order of their names, which begin with when they were made.

    The folder is that of `load` if none is named. Each run is read when it is asked for something.
    Raises UsageError where the folder cannot be read.
    """
    return tuple(Run(found) for found in list_runs(results_folder(folder)))


def plot_kinds() -> Mapping[str, str]:
    """The kinds of plots that a run has, each with its title; those of counted runs come last."""
    from harness.reporters.plots.catalog import COUNT_PLOTS, PLOTS

    titles = {name: plot.title for name, plot in PLOTS.items()}
    return titles | {name: plot.title for name, plot in COUNT_PLOTS.items()}


def compare(
    base: Run | Side,
    *heads: Run | Side,
    metrics: str | Iterable[str] = (),
    margin: float | None = None,
    allow: str | Iterable[str] = (),
    force: bool = False,
) -> ChangeReport | CountReport:
    """Every HEAD against BASE: runs, or scenarios of runs (`run.only("rules")`).

    Counted runs give a CountReport, in which counts are held against each other as they are, with a
    margin of 0.005 unless another is given; they are never compared with times.

    `metrics` are the ones of the run's answer if not given, `"all"` is every one. `margin` is the
    relative difference that matters, 0.02 for 2 %. `allow` names differences between the runs that
    are the point (`kernel`, `rules`, …), `force` allows them all. Raises UsageError where the runs
    are unlike or have nothing in common, UntrustworthyError where there are too few blocks.
    """
    if not heads:
        raise UsageError("nothing to compare with", remedy="give a second run or scenario")
    if margin is not None and not 0 < margin < 1:
        raise UsageError(f"margin {margin} is not a share", remedy="0.02 is 2 %")
    names = _words(metrics)
    sides = [_side(base), *map(_side, heads)]
    if are_counted([side.stored for side in sides]):
        counts = CountOptions(
            metrics=names,
            margin=margin,
            allowed=parse_allowed(_words(allow)),
            force=force,
        )
        return compare_counts(sides[0], sides[1:], counts)
    options = CompareOptions(
        metrics=tuple(compared_metric("metrics", name) for name in names if name != "all"),
        all_metrics="all" in names,
        margin=margin,
        allowed=parse_allowed(_words(allow)),
        force=force,
    )
    return compare_runs(sides[0], sides[1:], options)


def plot_changes(
    report: ChangeReport | CountReport,
    *,
    head: int = 0,
    workload: str | None = None,
    metric: str | None = None,
    dark: bool = False,
) -> Figure:
    """The ratios of one HEAD to BASE, with intervals and verdicts; the first HEAD is 0.

    Of the metric that the report is about if none is named. Raises UsageError for a HEAD, workload
    or metric that the report does not have, and for counts, which have no ratios.
    """
    if isinstance(report, CountReport):
        raise UsageError("counts have no ratios to draw", remedy="frame(report) has their numbers")
    from harness.reporters.plots.compare import CHANGES

    if not 0 <= head < len(report.pairs):
        raise UsageError(f"no head {head}", remedy=f"0 to {len(report.pairs) - 1}")
    wanted = report.primary if metric is None else compared_metric("metric", metric)
    pair = report.pairs[head]
    if why := CHANGES.unavailable(pair, workload, metric=wanted):
        raise UsageError(f"{pair.head} has nothing to draw in {wanted}: {why}")
    return CHANGES.draw(pair, workload, metric=wanted, dark=dark)


def _words(words: str | Iterable[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _side(run: Run | Side) -> Side:
    return Side(run.stored) if isinstance(run, Run) else run
