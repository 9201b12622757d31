"""The Python API: read stored runs, compare and draw them, in a script or a notebook.

    from harness import api

    run = api.load("latest")
    run.comparisons("elapsed")
    api.compare(run.only("rules"), run.only("excluded"))

Nothing in here measures or needs root. All that can go wrong for a reason that a caller can mend is
an `AuditbenchError` of one line. pandas and pyarrow are optional: `pip install 'auditbench[data]'`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.compare import summarise
from harness.changes import Change, ChangeReport, LossChange
from harness.errors import AuditbenchError, UsageError
from harness.metrics.catalog import METRICS
from harness.model import (
    Caution,
    Cell,
    CellLedger,
    Comparison,
    Ledger,
    LossComparison,
    NoiseFloor,
    ReportView,
    Result,
    Sample,
    Summary,
)
from harness.reporters.flat_rows import flat_row
from harness.run.across import CompareOptions, Side, compare_runs
from harness.run.checks import SHORT_NAMES
from harness.run.likeness import parse_allowed
from harness.run.quantities import compared_metric
from harness.run.result import make_view
from harness.store import StoredRun, find_run, list_runs, load_run

if TYPE_CHECKING:
    import pandas
    import pyarrow

__all__ = [
    "AuditbenchError",
    "Caution",
    "Cell",
    "CellLedger",
    "Change",
    "ChangeReport",
    "Comparison",
    "Ledger",
    "LossChange",
    "LossComparison",
    "NoiseFloor",
    "Result",
    "Run",
    "Sample",
    "Side",
    "Summary",
    "UsageError",
    "compare",
    "frame",
    "load",
    "runs",
]

RESULTS = Path("results")
"""Where runs are looked for unless told otherwise, below the working directory."""


# No slots: what is read and computed when first asked for is kept in the instance.
@dataclass(frozen=True)
class Run:
    """A stored run. It is read when first asked for something, and then kept.

    Every property may raise UsageError where the folder holds no run, or a damaged one.
    """

    folder: Path

    @cached_property
    def stored(self) -> StoredRun:
        """Plan, environment and samples as they were written."""
        return load_run(self.folder)

    @cached_property
    def view(self) -> ReportView:
        """The result with the samples in plan order: what reports and plots are made from."""
        return make_view(self.stored)

    @property
    def name(self) -> str:
        """`<machine>/<run>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def plan(self) -> Mapping[str, Any]:
        """What was measured: workloads, scenarios with their rules, blocks, seed."""
        return self.stored.plan

    @property
    def environment(self) -> Mapping[str, Any]:
        """Where: kernel, CPUs, software, the audit state before (environment.schema.json)."""
        return self.stored.environment

    @property
    def samples(self) -> tuple[Sample, ...]:
        """One per trial, in plan order; warm-up and invalid trials are marked, not left out."""
        return self.view.samples

    @property
    def result(self) -> Result:
        """All that the run says; what `auditbench show` prints."""
        return self.view.result

    @property
    def trustworthy(self) -> bool:
        """False where nothing was compared, or events are unaccounted for."""
        return self.result.trustworthy

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What to be careful about, each with its remedy."""
        return self.result.cautions

    @property
    def ledgers(self) -> tuple[CellLedger, ...]:
        """Where every event went, added up over the valid trials of each cell."""
        return self.result.ledgers

    @property
    def losses(self) -> tuple[LossComparison, ...]:
        """Whether each cell loses events, and whether more than its reference."""
        return self.result.losses

    @property
    def noise_floor(self) -> tuple[NoiseFloor, ...]:
        """The reference against itself: what is smaller cannot be told."""
        return self.result.noise_floor

    @property
    def workloads(self) -> tuple[str, ...]:
        """The workloads that were measured, in plan order."""
        return tuple(dict.fromkeys(sample.workload for sample in self.samples))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that were measured, in plan order."""
        return tuple(dict.fromkeys(sample.scenario for sample in self.samples))

    def rules(self, scenario: str) -> tuple[str, ...]:
        """The rules of a scenario in evaluation order, in auditctl's syntax.

        Raises UsageError where the run has no such scenario.
        """
        self.only(scenario)
        for group in self.plan.get("scenarios", {}).values():
            for found in group:
                if found["name"] == scenario:
                    return tuple(found.get("rules", ()))
        return ()

    def comparisons(
        self, metric: str | None = None, *, workload: str | None = None
    ) -> tuple[Comparison, ...]:
        """Every cell against its reference cell: ratio, 95 % interval, verdict.

        `metric` is a name as in `auditbench list metrics`, or a short one (`elapsed`, `cpu`,
        `p99`); None is all. Raises UsageError for a metric or workload that there is not.
        """
        wanted = None if metric is None else compared_metric("metric", metric)
        if workload is not None and workload not in self.workloads:
            raise UsageError(
                f"{self.name} has no workload {workload!r}",
                remedy=f"one of {', '.join(self.workloads)}",
            )
        return tuple(
            comparison
            for comparison in self.result.comparisons
            if wanted in (None, comparison.metric) and workload in (None, comparison.cell.workload)
        )

    def summaries(self, metric: str | None = None) -> tuple[Summary, ...]:
        """Number of blocks, mean and spread of each cell and metric, warm-up left out."""
        names = METRICS if metric is None else (_any_metric(metric),)
        return tuple(found for name in names for found in summarise(self.samples, name))

    def only(self, scenario: str) -> Side:
        """One scenario of the run, to `compare` it; UsageError where there is none of the name."""
        if scenario not in self.scenarios:
            raise UsageError(
                f"{self.name} has no scenario {scenario!r}",
                remedy=f"one of {', '.join(self.scenarios)}",
            )
        return Side(self.stored, scenario)

    def frame(self) -> pandas.DataFrame:
        """One row per trial: cell, block, every metric, and the ledger as `ledger_…`.

        What a trial did not measure is NaN. Raises UsageError where pandas is not installed.
        """
        from harness.reporters.frames import trials_frame

        return trials_frame(self.name, self.samples)

    def table(self) -> pyarrow.Table:
        """The same as an Arrow table; a column has one type in every run.

        Raises UsageError where pyarrow is not installed.
        """
        from harness.reporters.parquet import trials_table

        return trials_table(self.name, self.samples, {})

    def markdown(self) -> str:
        """The result as `auditbench export --to md` writes it; notebooks show it by themselves."""
        from harness.reporters.markdown import result_markdown

        return result_markdown(self.result)

    def _repr_markdown_(self) -> str:
        return self.markdown()


def load(run: str | Path = "latest", *, results: str | Path = RESULTS) -> Run:
    """A run by its folder, by `<machine>/<run>` or `<run>` under `results`, or `latest`.

    `latest~1` is the one before. Raises UsageError where there is none, or a damaged one.
    """
    found = Run(find_run(str(run), Path(results)))
    _ = found.stored
    return found


def runs(folder: str | Path = RESULTS) -> tuple[Run, ...]:
    """All runs below a folder, in order of their names, which begin with when they were made.

    They are read when asked for something. Raises UsageError where the folder cannot be read.
    """
    return tuple(Run(found) for found in list_runs(Path(folder)))


def compare(
    base: Run | Side,
    *heads: Run | Side,
    metrics: str | Iterable[str] = (),
    margin: float | None = None,
    allow: str | Iterable[str] = (),
    force: bool = False,
) -> ChangeReport:
    """Every HEAD against BASE: runs, or scenarios of runs (`run.only("rules")`).

    `metrics` are the ones of the run's answer if not given, `"all"` is every one. `margin` is the
    relative difference that matters, 0.02 for 2 %. `allow` names differences between the runs that
    are the point (`kernel`, `rules`, …), `force` allows them all. Raises UsageError where the runs
    are unlike or have nothing in common, UntrustworthyError where there are too few blocks.
    """
    if not heads:
        raise UsageError("nothing to compare with", remedy="give a second run or scenario")
    if margin is not None and not 0 < margin < 1:
        raise UsageError(f"margin {margin} is no share", remedy="0.02 is 2 %")
    names = _words(metrics)
    options = CompareOptions(
        metrics=tuple(compared_metric("metrics", name) for name in names if name != "all"),
        all_metrics="all" in names,
        margin=margin,
        allowed=parse_allowed(_words(allow)),
        force=force,
    )
    return compare_runs(_side(base), [_side(head) for head in heads], options)


def frame(items: ChangeReport | Iterable[Any]) -> pandas.DataFrame:
    """What `comparisons`, `summaries`, `ledgers`, `losses` or `compare` give, one row each.

    Fields of a cell, a comparison and a ledger's sum become columns of their own. Raises UsageError
    where pandas is not installed.
    """
    from harness.reporters.frames import rows_frame

    return rows_frame(list(_rows(items)))


def _any_metric(name: str) -> str:
    """The full name of a metric, compared or not, from that or its short one; else UsageError."""
    full = SHORT_NAMES.get(name, name)
    return full if full in METRICS else compared_metric("metric", name)


def _rows(items: ChangeReport | Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    if isinstance(items, ChangeReport):
        from harness.reporters.changes_document import change_rows

        return change_rows(items)
    return (flat_row(item) for item in items)


def _words(words: str | Iterable[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _side(run: Run | Side) -> Side:
    return Side(run.stored) if isinstance(run, Run) else run
