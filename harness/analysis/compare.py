"""Every cell against its reference: the comparisons, summaries and noise floor of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.ratio import (
    Ratio,
    geometric_mean,
    geometric_spread,
    paired_ratio,
    unpaired_ratio,
)
from harness.analysis.series import Series, collect, paired
from harness.analysis.verdict import DEFAULT_MARGIN, judge
from harness.model import AGAIN, Cell, Comparison, NoiseFloor, Sample, Summary, Verdict


@dataclass(frozen=True, slots=True)
class MetricView:
    """What the analysis has to know of a metric."""

    name: str
    unit: str
    less_is_better: bool = True


@dataclass(frozen=True, slots=True)
class Reference:
    """Which cell a cell is compared with: the same but for the scenario, or for the consumer."""

    scenario: str | None = None
    consumer: str | None = None

    def of(self, cell: Cell) -> Cell:
        """The reference cell of `cell`."""
        return Cell(cell.workload, self.scenario or cell.scenario, self.consumer or cell.consumer)


def summarise(samples: Sequence[Sample], metric: str) -> list[Summary]:
    """One summary per cell that has the metric, in the order in which cells appear."""
    return [
        Summary(
            cell=cell,
            metric=metric,
            n=len(series),
            mean=math.fsum(series.values()) / len(series),
            geometric_mean=geometric_mean(list(series.values())),
            spread=geometric_spread(list(series.values())),
        )
        for cell, series in collect(samples, metric).items()
    ]


def compare(
    samples: Sequence[Sample],
    metrics: Iterable[MetricView],
    reference: Reference,
    *,
    margin: float = DEFAULT_MARGIN,
) -> list[Comparison]:
    """Every cell and metric against its reference cell, cells in order of appearance."""
    apart = {sample.cell for sample in samples if not sample.interleaved}
    comparisons: list[Comparison] = []
    for metric in metrics:
        all_series = collect(samples, metric.name)
        for cell, series in all_series.items():
            against = _reference_cell(cell, reference, all_series, apart)
            comparisons.append(
                _compare_cell(metric, cell, series, against, all_series.get(against), margin, apart)
            )
    return comparisons


def _reference_cell(
    cell: Cell, reference: Reference, measured: Mapping[Cell, Series], apart: set[Cell]
) -> Cell:
    """The reference of a cell. A state measured apart, without a consumer because none may
    register in it, is compared with the reference under whichever consumer comes first.
    """
    wanted = reference.of(cell)
    if wanted in measured or cell not in apart:
        return wanted
    others = (
        other
        for other in measured
        if (other.workload, other.scenario) == (wanted.workload, wanted.scenario)
    )
    return next(others, wanted)


def _compare_cell(
    metric: MetricView,
    cell: Cell,
    series: Series,
    reference_cell: Cell,
    reference: Series | None,
    margin: float,
    apart: set[Cell],
) -> Comparison:
    interleaved = (cell in apart) == (reference_cell in apart)
    ratio: Ratio | None = None
    reference_estimate: float | None = None
    if reference is not None and interleaved:
        values, against = paired(series, reference)
        ratio, reference_estimate = paired_ratio(values, against), _centre(against)
    elif reference is not None:
        values, against = list(series.values()), list(reference.values())
        ratio, reference_estimate = unpaired_ratio(values, against), _centre(against)
    is_reference = cell == reference_cell
    return Comparison(
        cell=cell,
        metric=metric.name,
        unit=metric.unit,
        estimate=_centre(list(series.values())) or 0.0,
        reference=reference_estimate,
        ratio=ratio.ratio if ratio else None,
        ci_low=None if is_reference or ratio is None else ratio.ci_low,
        ci_high=None if is_reference or ratio is None else ratio.ci_high,
        blocks=ratio.n if ratio else len(series),
        verdict=_verdict(metric, ratio, reference_estimate, margin, is_reference=is_reference),
        margin=margin,
        detectable=None if is_reference or ratio is None else ratio.detectable,
        interleaved=interleaved,
    )


def _verdict(
    metric: MetricView,
    ratio: Ratio | None,
    reference: float | None,
    margin: float,
    *,
    is_reference: bool,
) -> Verdict:
    if is_reference:
        return "reference"
    if ratio is None or reference is None:
        return "no-reference"
    return judge(ratio, margin=margin, less_is_better=metric.less_is_better)


def _centre(values: Sequence[float]) -> float | None:
    """The geometric mean, or the arithmetic one where a zero makes the former meaningless."""
    if not values:
        return None
    centre = geometric_mean(values)
    return centre if centre is not None else math.fsum(values) / len(values)


def noise_floor(comparisons: Iterable[Comparison], metric: str) -> list[NoiseFloor]:
    """The A/A comparisons of one metric, one per workload and consumer."""
    return [
        NoiseFloor(
            workload=comparison.cell.workload,
            consumer=comparison.cell.consumer,
            metric=comparison.metric,
            ratio=comparison.ratio,
            ci_low=comparison.ci_low,
            ci_high=comparison.ci_high,
            blocks=comparison.blocks,
        )
        for comparison in comparisons
        if comparison.cell.scenario.endswith(AGAIN)
        and comparison.metric == metric
        and comparison.ratio is not None
        and comparison.ci_low is not None
        and comparison.ci_high is not None
    ]
