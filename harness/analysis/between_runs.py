"""Cells of one run against the same cells of another, so that drift between the runs cancels.

The machine of last week is not that of today, so a metric is first divided by the reference cell
of its own run and block; the ratios of both runs are then compared by Welch's t on their
logarithms. The plain ratio of the metric stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance

from harness.analysis.against_reference import PRIMARY, MetricView
from harness.analysis.discovery import q_values
from harness.analysis.ratio import Ratio, geometric_mean, unpaired_ratio
from harness.analysis.series import Series, collect, paired
from harness.analysis.verdict import confirmed, judge
from harness.model.compare import Change, Method
from harness.model.reference import Margins, Reference
from harness.model.result import Comparison, Verdict
from harness.model.run import Cell, Sample

_WORKLOAD_CPU = "cpu_workload_ns_per_op"
YARDSTICKS = {
    "cpu_consumer_ns_per_op": _WORKLOAD_CPU,
    "cpu_kauditd_ns_per_op": _WORKLOAD_CPU,
    "cpu_workload_user_ns_per_op": _WORKLOAD_CPU,
    "cpu_workload_system_ns_per_op": _WORKLOAD_CPU,
}
"""What the reference cell is taken by where its own value of the metric is next to nothing: it
makes no events, and the kernel tells user from system time by ticks."""


@dataclass(frozen=True, slots=True)
class CellPair:
    """The cell of HEAD, and that of BASE that it is compared with."""

    base: Cell
    head: Cell


@dataclass(frozen=True, slots=True)
class RunSeries:
    """One metric of one run: its series by cell, and which cells were not interleaved.

    `basis` are the series of what the reference cell is taken by: the same metric mostly.
    """

    series: Mapping[Cell, Series]
    basis: Mapping[Cell, Series]
    apart: frozenset[Cell]
    reference: Reference

    def ratios(self, cell: Cell) -> list[float] | None:
        """The cell's ratio to the reference, by block; None where that has no meaning."""
        against = self.reference.of(cell)
        if against == cell or against not in self.basis or {cell, against} & self.apart:
            return None
        values, reference = paired(self.series[cell], self.basis[against])
        if not reference or min(*values, *reference) <= 0:
            return None
        return [value / other for value, other in zip(values, reference, strict=True)]

    def lacks_ratio(self, cell: Cell) -> bool:
        """Whether the cell has a reference cell that it cannot be divided by: it has values of
        zero or below, in what it is taken by or in the cell itself.
        """
        against = self.reference.of(cell)
        if against == cell or against not in self.basis or {cell, against} & self.apart:
            return False
        values, reference = paired(self.series[cell], self.basis[against])
        return bool(reference) and min(*values, *reference) <= 0


def run_series(samples: Sequence[Sample], metric: str, reference: Reference) -> RunSeries:
    """The series of one metric of a run."""
    apart = frozenset(sample.cell for sample in samples if not sample.interleaved)
    series = collect(samples, metric)
    basis = series
    if reference.scenario is not None and metric in YARDSTICKS:
        basis = collect(samples, YARDSTICKS[metric])
    return RunSeries(series, basis, apart, reference)


def compare_across(
    base: Sequence[Sample],
    head: Sequence[Sample],
    pairs: Iterable[CellPair],
    metrics: Iterable[MetricView],
    references: tuple[Reference, Reference],
    margins: Margins,
    *,
    primary: str = PRIMARY,
) -> list[Change]:
    """Every pair of cells by every metric that both have; `references` are BASE's and HEAD's.

    In all metrics but `primary` a difference must also withstand false discovery control over all
    that is compared here.
    """
    pairs = list(pairs)
    changes: list[Change] = []
    for metric in metrics:
        old = run_series(base, metric.name, references[0])
        new = run_series(head, metric.name, references[1])
        changes += [
            _change(metric, pair, old, new, margins.of(metric.name))
            for pair in pairs
            if pair.base in old.series and pair.head in new.series
        ]
    return _controlled(changes, primary)


def _controlled(changes: list[Change], primary: str) -> list[Change]:
    """With q over all of them; verdicts that do not withstand it become inconclusive."""
    qs = q_values([change.comparison.p if change.counts else None for change in changes])
    return [
        replace(
            change,
            comparison=replace(
                change.comparison,
                q=q,
                verdict=change.comparison.verdict
                if change.comparison.metric == primary or not change.counts
                else confirmed(change.comparison.verdict, q),
            ),
        )
        for change, q in zip(changes, qs, strict=True)
    ]


def _change(
    metric: MetricView, pair: CellPair, old: RunSeries, new: RunSeries, margin: float
) -> Change:
    before, after = list(old.series[pair.base].values()), list(new.series[pair.head].values())
    plain = unpaired_ratio(after, before)
    is_reference = _is_reference(pair.base, old) and _is_reference(pair.head, new)
    values, others, method = _judged(pair, old, new, divisible=metric.divisible)
    ratio = None if is_reference else unpaired_ratio(values, others)
    comparison = Comparison(
        cell=pair.head,
        metric=metric.name,
        unit=metric.unit,
        estimate=_centre(after),
        reference=_centre(before),
        ratio=ratio.ratio if ratio else None,
        ci_low=ratio.ci_low if ratio else None,
        ci_high=ratio.ci_high if ratio else None,
        blocks=min(len(values), len(others)),
        verdict=_verdict(
            metric, ratio, margin, is_reference=is_reference, nothing=not any(before + after)
        ),
        margin=margin,
        detectable=ratio.detectable if ratio else None,
        interleaved=not ({pair.base} & old.apart or {pair.head} & new.apart),
        p=_welch_p(values, others) if ratio else None,
    )
    return Change(
        comparison=comparison,
        method=method,
        base_scenario=pair.base.scenario,
        base_consumer=pair.base.consumer,
        plain_ratio=plain.ratio if plain else None,
        plain_low=plain.ci_low if plain else None,
        plain_high=plain.ci_high if plain else None,
        indivisible=metric.divisible and (old.lacks_ratio(pair.base) or new.lacks_ratio(pair.head)),
    )


def _judged(
    pair: CellPair, old: RunSeries, new: RunSeries, *, divisible: bool
) -> tuple[list[float], list[float], Method]:
    """HEAD's values and BASE's that are judged: ratios to the reference where both runs have one,
    else those of the metric itself.
    """
    after, before = (new.ratios(pair.head), old.ratios(pair.base)) if divisible else (None, None)
    if after is not None and before is not None:
        return after, before, "of-ratios"
    return list(new.series[pair.head].values()), list(old.series[pair.base].values()), "plain"


def _welch_p(values: Sequence[float], others: Sequence[float]) -> float | None:
    """The p of no difference between the logarithms; None where a group has no spread to tell."""
    if min(len(values), len(others)) < 2 or len(set(values)) == 1 or len(set(others)) == 1:
        return None
    from scipy.special import stdtr

    logs = [math.log(value) for value in values], [math.log(value) for value in others]
    squares, freedoms = zip(*((variance(x) / len(x), len(x) - 1) for x in logs), strict=True)
    total = math.fsum(squares)
    if not total:
        return None
    parts = (square**2 / free for square, free in zip(squares, freedoms, strict=True))
    t = (fmean(logs[0]) - fmean(logs[1])) / math.sqrt(total)
    return float(2 * stdtr(total**2 / math.fsum(parts), -abs(t)))


def _is_reference(cell: Cell, run: RunSeries) -> bool:
    """Whether a cell is its run's reference; in a run without one, none is."""
    return run.reference != Reference() and run.reference.of(cell) == cell


def _verdict(
    metric: MetricView, ratio: Ratio | None, margin: float, *, is_reference: bool, nothing: bool
) -> Verdict:
    if is_reference:
        return "reference"
    if ratio is None:
        # Nothing at all in every block of both runs is as alike as can be, though it has no ratio.
        return "equal" if nothing else "no-reference"
    return judge(ratio, margin=margin, less_is_better=metric.less_is_better)


def _centre(values: Sequence[float]) -> float:
    """The geometric mean, or the arithmetic one where a zero makes the former meaningless."""
    centre = geometric_mean(values)
    return centre if centre is not None else sum(values) / len(values)
