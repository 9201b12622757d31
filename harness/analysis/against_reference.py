"""Every cell against its reference: the comparisons, summaries and noise floor of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.bootstrap import Interval, bca_intervals
from harness.analysis.discovery import blocks_for_family, q_values
from harness.analysis.ratio import (
    Ratio,
    geometric_mean,
    geometric_spread,
    log_ratios,
    ratio_of_logs,
    unpaired_ratio,
)
from harness.analysis.series import Series, collect, paired
from harness.analysis.signed_rank import rank_p
from harness.analysis.verdict import blocks_to_decide, confirmed, judge
from harness.model.reference import DEFAULT_MARGIN, Reference
from harness.model.result import Comparison, NoiseFloor, Summary, Verdict
from harness.model.run import AA, Cell, Sample

PRIMARY = "elapsed_ns_per_op"
"""The metric that a run is about unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class MetricView:
    """What the analysis has to know of a metric."""

    name: str
    unit: str
    less_is_better: bool = True
    divisible: bool = True
    """Whether runs are compared by ratios to their references: what a consumer itself needs has
    none, or grows with it."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """A cell beside its reference cell in one metric, before anything is said about the two.

    `logs` are the log ratios by block, empty where there are none; `ratio` is None where the
    reference is missing or a value is not positive.
    """

    metric: MetricView
    cell: Cell
    estimate: float
    reference: float | None
    ratio: Ratio | None
    logs: tuple[float, ...]
    blocks: int
    interleaved: bool
    is_reference: bool

    @property
    def is_aa(self) -> bool:
        return self.cell.scenario.endswith(AA)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of a pair beside its interval."""

    p: float | None
    q: float | None
    bca: Interval | None


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
    margins: Mapping[str, float] | None = None,
    primary: str = PRIMARY,
) -> list[Comparison]:
    """Every cell and metric against its reference cell, cells in order of appearance.

    `margins` are those of single metrics. In all metrics but `primary` a difference must also
    withstand false discovery control over the whole result (docs/method.md).
    """
    apart = {sample.cell for sample in samples if not sample.interleaved}
    pairs: list[_Pair] = []
    for metric in metrics:
        all_series = collect(samples, metric.name)
        for cell, series in all_series.items():
            against = _reference_cell(cell, reference, all_series, apart)
            interleaved = (cell in apart) == (against in apart)
            pairs.append(_pair(metric, cell, series, against, all_series.get(against), interleaved))
    evidence, tests = _evidence(pairs)
    return [
        _comparison(pair, known, (margins or {}).get(pair.metric.name, margin), primary, tests)
        for pair, known in zip(pairs, evidence, strict=True)
    ]


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


def _pair(
    metric: MetricView,
    cell: Cell,
    series: Series,
    reference_cell: Cell,
    reference: Series | None,
    interleaved: bool,
) -> _Pair:
    ratio: Ratio | None = None
    logs: list[float] | None = None
    against: list[float] = []
    if reference is not None and interleaved:
        values, against = paired(series, reference)
        logs = log_ratios(values, against)
        ratio = ratio_of_logs(logs) if logs else None
    elif reference is not None:
        values, against = list(series.values()), list(reference.values())
        ratio = unpaired_ratio(values, against)
    is_reference = cell == reference_cell
    return _Pair(
        metric=metric,
        cell=cell,
        estimate=_centre(list(series.values())) or 0.0,
        reference=_centre(against),
        ratio=ratio,
        logs=() if is_reference else tuple(logs or ()),
        blocks=ratio.n if ratio else len(series),
        interleaved=interleaved,
        is_reference=is_reference,
    )


def _evidence(pairs: Sequence[_Pair]) -> tuple[list[_Evidence], int]:
    """What is known of each pair, and how many of them the q values are controlled over.

    The A/A cells are there to check the instrument, not to find anything: they have no q.
    """
    ps = [rank_p(pair.logs) for pair in pairs]
    family = [None if pair.is_aa else p for pair, p in zip(pairs, ps, strict=True)]
    found = zip(ps, q_values(family), bca_intervals([pair.logs for pair in pairs]), strict=True)
    return [_Evidence(*known) for known in found], sum(p is not None for p in family)


def _comparison(
    pair: _Pair, evidence: _Evidence, margin: float, primary: str, tests: int
) -> Comparison:
    # A cell is not told apart from itself.
    ratio = None if pair.is_reference else pair.ratio
    by_interval = _verdict(pair, margin)
    verdict = by_interval
    if pair.metric.name != primary and not pair.is_aa:
        verdict = confirmed(verdict, evidence.q)
    needed: int | None = None
    if verdict == "inconclusive" and ratio is not None:
        needed = blocks_to_decide(ratio, margin=margin)
        if needed is not None and by_interval != verdict:
            needed = max(needed, blocks_for_family(tests))
    low, high = evidence.bca or (None, None)
    return Comparison(
        cell=pair.cell,
        metric=pair.metric.name,
        unit=pair.metric.unit,
        estimate=pair.estimate,
        reference=pair.reference,
        ratio=pair.ratio.ratio if pair.ratio else None,
        ci_low=ratio.ci_low if ratio else None,
        ci_high=ratio.ci_high if ratio else None,
        blocks=pair.blocks,
        verdict=verdict,
        margin=margin,
        detectable=ratio.detectable if ratio else None,
        interleaved=pair.interleaved,
        p=evidence.p,
        q=evidence.q,
        bca_low=None if low is None else math.exp(low),
        bca_high=None if high is None else math.exp(high),
        blocks_needed=needed,
        mean_ratio=ratio.mean if ratio else None,
        t_low=ratio.t_low if ratio else None,
        t_high=ratio.t_high if ratio else None,
    )


def _verdict(pair: _Pair, margin: float) -> Verdict:
    if pair.is_reference:
        return "reference"
    if pair.ratio is None or pair.reference is None:
        return "no-reference"
    return judge(pair.ratio, margin=margin, less_is_better=pair.metric.less_is_better)


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
            scenario=comparison.cell.scenario,
        )
        for comparison in comparisons
        if comparison.cell.scenario.endswith(AA)
        and comparison.metric == metric
        and comparison.ratio is not None
        and comparison.ci_low is not None
        and comparison.ci_high is not None
    ]
