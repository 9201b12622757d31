"""One stored run, as scripts and notebooks have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.against_reference import summarise
from harness.answers.compare.compare import Side
from harness.answers.compare.count import find_kernel_name
from harness.answers.count import make_counted
from harness.answers.count_metrics import any_metric
from harness.answers.limits import SHORT_NAMES
from harness.answers.quantities import compared_metric
from harness.answers.result import make_view
from harness.errors import UsageError, one_of
from harness.metrics.catalog import METRICS
from harness.model.caution import Caution
from harness.model.count import CountedResult
from harness.model.result import (
    CellLedger,
    Comparison,
    LossComparison,
    NoiseFloor,
    ReportView,
    Result,
    Summary,
)
from harness.model.run import Sample
from harness.renamed import hint
from harness.store import StoredRun, load_run

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from matplotlib.figure import Figure

    from harness.reporters.plots.base import Plot


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
        return load_run(self.folder, counted_too=True)

    @property
    def is_counted(self) -> bool:
        """Whether it counts instructions in a guest: then it has `counts`, and no times."""
        return self.stored.plan.is_counted

    @cached_property
    def counts(self) -> CountedResult:
        """What a counted run says: a cell per kernel, workload, scenario and metric.

        Raises UsageError for a run that measures times.
        """
        if not self.is_counted:
            raise UsageError(f"{self.name} is no counted run", remedy="run.result has its result")
        return make_counted(self.stored)

    @cached_property
    def view(self) -> ReportView:
        """The result with the samples in plan order: what reports and plots are made from.

        Raises UsageError for a run that counts instructions.
        """
        if self.is_counted:
            raise UsageError(
                f"{self.name} counts instructions and has no times",
                remedy="run.counts has what it says",
            )
        return make_view(self.stored)

    @property
    def name(self) -> str:
        """`<machine>/<run>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def plan(self) -> Mapping[str, Any]:
        """What was measured: workloads, scenarios with their rules, blocks, seed."""
        return self.stored.plan.document

    @property
    def environment(self) -> Mapping[str, Any]:
        """Where: kernel, CPUs, software, the audit state before (environment.schema.json)."""
        return self.stored.environment.document

    @property
    def samples(self) -> tuple[Sample, ...]:
        """One per trial, in plan order; warm-up and invalid trials are marked, not left out."""
        return self.stored.samples if self.is_counted else self.view.samples

    @property
    def result(self) -> Result:
        """All that the run says; what `auditbench show` prints."""
        return self.view.result

    @property
    def trustworthy(self) -> bool:
        """False where nothing is or can be decided, or events are unaccounted for; of a counted run
        where something could not be counted.
        """
        return self.counts.trustworthy if self.is_counted else self.result.trustworthy

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What to be careful about, each with its remedy."""
        return self.counts.cautions if self.is_counted else self.result.cautions

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
        """The reference against itself: what is smaller is within the noise."""
        return self.result.noise_floor

    @property
    def workloads(self) -> tuple[str, ...]:
        """The workloads that were measured, in plan order."""
        return tuple(dict.fromkeys(sample.workload for sample in self.samples))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The scenarios that were measured, in plan order."""
        return tuple(dict.fromkeys(sample.scenario for sample in self.samples))

    def rules(self, scenario: str, *, workload: str | None = None) -> tuple[str, ...]:
        """The rules of a scenario in evaluation order, in auditctl's syntax.

        They may differ by workload, where a rule names its program or its syscall; None is the
        first workload that has the scenario. Raises UsageError where there is no such cell.
        """
        self.only(scenario)
        self._require_workload(workload)
        plan = self.stored.plan
        for name in plan.scenarios:
            found = plan.scenario(name, scenario)
            if found is not None and workload in (None, name):
                return found.rules
        raise UsageError(f"{self.name} has no scenario {scenario!r} of {workload}")

    def comparisons(
        self, metric: str | None = None, *, workload: str | None = None
    ) -> tuple[Comparison, ...]:
        """Every cell against its reference cell: ratio, 95 % interval, verdict.

        `metric` is a name as in `auditbench list metrics`, or a short one (`elapsed`, `cpu`,
        `p99`); None is all. Raises UsageError for a metric or workload that there is not.
        """
        wanted = None if metric is None else compared_metric("metric", metric)
        self._require_workload(workload)
        return tuple(
            comparison
            for comparison in self.result.comparisons
            if wanted in (None, comparison.metric) and workload in (None, comparison.cell.workload)
        )

    def summaries(self, metric: str | None = None) -> tuple[Summary, ...]:
        """Number of blocks, mean and spread of each cell and metric, warm-up left out."""
        names = METRICS if metric is None else (_catalogued_metric(metric),)
        return tuple(found for name in names for found in summarise(self.samples, name))

    def only(self, scenario: str) -> Side:
        """One scenario of the run, to `compare` it; of a counted run also one kernel.

        Raises UsageError where there is none of the name.
        """
        kernels = {cell.kernel for cell in self.counts.cells} if self.is_counted else frozenset()
        if scenario not in self.scenarios and find_kernel_name(scenario, kernels) is None:
            raise UsageError(
                f"{self.name} has no scenario {scenario!r}",
                remedy=hint(scenario) or one_of(scenario, self.scenarios),
            )
        return Side(self.stored, scenario)

    def frame(self) -> pandas.DataFrame:
        """One row per trial: cell, block, every metric, and the ledger as `ledger_…`.

        What a trial did not measure is NaN. Raises UsageError where pandas is not installed.
        """
        from harness.reporters.export.frames import trials_frame

        return trials_frame(self.name, self.samples)

    def table(self) -> pyarrow.Table:
        """The same as an Arrow table; a column has one type in every run.

        Raises UsageError where pyarrow is not installed.
        """
        from harness.reporters.export.parquet import trials_table

        return trials_table(self.name, self.samples, {})

    def markdown(self) -> str:
        """The result as `auditbench export --to md` writes it; notebooks show it by themselves."""
        from harness.reporters.count import count_page
        from harness.reporters.render.markdown import page_markdown
        from harness.reporters.result import result_page

        page = count_page(self.counts) if self.is_counted else result_page(self.result)
        return page_markdown(page)

    def plot(
        self,
        kind: str,
        *,
        workload: str | None = None,
        metric: str | None = None,
        dark: bool = False,
    ) -> Figure:
        """One of `plot_kinds()`, of all workloads or of one, on a light or a dark ground.

        A counted run has the kinds `counts` and `kernels`, and no others. Raises UsageError for a
        kind, workload or metric that there is not, and where the run has nothing to draw.
        """
        from harness.reporters.plots.catalog import COUNT_PLOTS, PLOTS

        self._require_workload(workload)
        plots: Mapping[str, Plot[Any]] = COUNT_PLOTS if self.is_counted else PLOTS
        if kind not in plots:
            known = kind in PLOTS.keys() | COUNT_PLOTS.keys()
            what = f"{self.name} has no plot {kind}" if known else f"no plot is called {kind!r}"
            raise UsageError(what, remedy=one_of(kind, plots))
        plot = plots[kind]
        if metric is not None and not plot.takes_metric:
            raise UsageError(f"the plot {kind} is not of one metric", remedy="leave metric out")
        wanted = None if metric is None else any_metric("metric", metric)
        data = self.counts if self.is_counted else self.view
        if why := plot.unavailable(data, workload, metric=wanted):
            raise UsageError(f"{self.name} has no plot {kind}: {why}")
        return plot.draw(data, workload, metric=wanted, dark=dark)

    def report(self, path: str | Path) -> Path:
        """Write the run as one HTML page that needs nothing else; where it stands.

        Raises UsageError where it cannot be written.
        """
        from harness.files.output import write_text
        from harness.reporters.html.count import CountView, count_report_html
        from harness.reporters.html.page import report_html
        from harness.reporters.plots.catalog import PLOTS

        target = Path(path)
        if self.is_counted:
            view = CountView(self.counts, self.stored.plan, self.stored.environment)
            write_text(target, count_report_html([view]))
        else:
            write_text(target, report_html([self.view], PLOTS))
        return target

    def _require_workload(self, workload: str | None) -> None:
        if workload is not None and workload not in self.workloads:
            raise UsageError(
                f"{self.name} has no workload {workload!r}",
                remedy=one_of(workload, self.workloads),
            )

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _catalogued_metric(name: str) -> str:
    """The full name of a metric, compared or not, from that or its short one; else UsageError."""
    full = SHORT_NAMES.get(name, name)
    return full if full in METRICS else compared_metric("metric", name)
