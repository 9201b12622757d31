"""Limits against what a run measured: which cells each is for, and what each cell says to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.analysis.limit import blocks_to_decide, judge_interval, judge_loss, parse_limit
from harness.analysis.ratio import paired_ratio
from harness.analysis.series import collect
from harness.answers.deciding import deciding_metric
from harness.answers.judgeable import NO_SUCH_METRIC, ZERO_REFERENCE, require_judgeable
from harness.answers.limit_cells import ExcludedCells, select_cells
from harness.counted import agreeing, counted
from harness.errors import UsageError
from harness.metrics.catalog import METRICS
from harness.model.gate import Check, Limit, Outcome, Reading
from harness.model.result import Comparison, LossComparison
from harness.model.run import Cell, Ledger, Sample

SHORT_NAMES = {
    "elapsed": "elapsed_ns_per_op",
    "cpu": "cpu_total_ns_per_op",
    "cpu-workload": "cpu_workload_ns_per_op",
    "cpu-consumer": "cpu_consumer_ns_per_op",
    "cpu-kauditd": "cpu_kauditd_ns_per_op",
    "cpu-per-event": "cpu_consumer_ns_per_event",
    "memory": "consumer_memory_bytes",
    "delay": "delay_p50_ms",
    "p50": "latency_p50_ns",
    "p99": "latency_p99_ns",
    "p999": "latency_p999_ns",
}
NS_IN = {"ms": 1e6}
"""Limits on time are in ns, whatever the metric is in."""
MIN_BLOCKS_FOR_VERDICT = 2
"""Below this there is no interval."""
NOTHING_MATCHED = "nothing matched: the rules made no event"
"""The note of a limit on rules that have no price; the measurement itself is trustworthy."""


def read_limits(words: Iterable[str]) -> tuple[Limit, ...]:
    """The limits of the command line, in order; UsageError for a bad one, or for none."""
    words = tuple(words)
    for word in words:
        if word.rpartition(":")[0].removesuffix("_per_op").endswith("instructions"):
            raise UsageError(
                f"--fail {word!r}: instructions are counted, not measured in time",
                remedy="add --count, or name a counted run with --run",
            )
    full = {name: name for name, metric in METRICS.items() if metric.compared}
    limits = tuple(_in_its_unit(parse_limit(word, SHORT_NAMES | full)) for word in words)
    if not limits:
        raise UsageError(
            "a gate without limits decides nothing",
            remedy="give --fail elapsed:5% or --fail lost:0",
        )
    return limits


def _in_its_unit(limit: Limit) -> Limit:
    """The limit; UsageError for a time of what is bytes, or a size of what is a time."""
    if limit.basis in ("reference", "loss"):
        return limit
    size = METRICS[limit.metric].unit == "B"
    if size != (limit.basis == "size"):
        raise UsageError(
            f"--fail {limit.text!r} is not a limit",
            remedy=f"give a percentage, or {'a size such as 50MiB' if size else 'a time'}",
        )
    return limit


@dataclass(frozen=True, slots=True)
class Measured:
    """What limits are held against: one run, or one run compared with another."""

    run: str
    comparisons: tuple[Comparison, ...]
    losses: tuple[LossComparison, ...]
    samples: tuple[Sample, ...]
    against: str
    """What the cells are compared with, in words."""
    excluded: ExcludedCells
    unmatched: frozenset[Cell] = frozenset()
    """Cells of rules that matched nothing in any workload."""


def check_limits(limits: Sequence[Limit], measured: Measured) -> list[Check]:
    """Every limit on every cell that it is for; UsageError where no cell of a limit can ever be
    judged by it.
    """
    found = []
    for limit in limits:
        cells = select_cells(limit, _cells(measured), measured.excluded)
        cells = _with_events(limit, cells, measured) or cells
        checks = [check_cell(limit, cell, measured) for cell in cells]
        require_judgeable(limit, [check.readings[0].note for check in checks])
        found += checks
    return found


def _with_events(limit: Limit, cells: list[Cell], measured: Measured) -> list[Cell]:
    """The cells in which a limit on a consumer has a meaning: it was to receive events there."""
    if not _is_of_consumer(limit) or limit.scope:
        return cells
    silent = set(cells_without_valid_trial(measured.samples))
    return [cell for cell in cells if cell in silent or _had_events(cell, measured)]


def _is_of_consumer(limit: Limit) -> bool:
    metric = METRICS.get(limit.metric)
    return metric is not None and metric.of_consumer


def _cells(measured: Measured) -> list[Cell]:
    return [
        *(comparison.cell for comparison in measured.comparisons),
        *(loss.cell for loss in measured.losses),
        *cells_without_valid_trial(measured.samples),
    ]


def cells_without_valid_trial(samples: Iterable[Sample]) -> list[Cell]:
    """The cells that were measured and of which no trial counts; steps of the ladder aside."""
    valid: dict[Cell, bool] = {}
    for sample in samples:
        if not (sample.warm_up or sample.ladder):
            valid[sample.cell] = valid.get(sample.cell, False) or sample.valid
    return [cell for cell, any_valid in valid.items() if not any_valid]


def check_cell(limit: Limit, cell: Cell, measured: Measured) -> Check:
    """One limit on one cell; UsageError where no cell of the run has the metric."""
    if cell in measured.unmatched:
        reading = _unread(measured, NOTHING_MATCHED)
    elif limit.basis == "loss":
        reading = _read_loss(cell, measured)
    elif limit.basis in ("time", "size"):
        reading = _read_time(limit, cell, measured)
    else:
        reading = _read_ratio(limit, cell, measured)
    against = measured.against if limit.basis == "reference" else ""
    return Check(limit, cell, against, (reading,), reading.outcome)


def _read_ratio(limit: Limit, cell: Cell, measured: Measured) -> Reading:
    of_metric = {c.cell: c for c in measured.comparisons if c.metric == limit.metric}
    _require_metric(limit, bool(of_metric), (c.metric for c in measured.comparisons))
    found = of_metric.get(cell)
    if found is None:
        return _unread(measured, _why_unread(cell, measured))
    if found.ci_low is None or found.ci_high is None or found.ratio is None:
        return _unread(measured, _why_not(found), found.blocks)
    reading = _reading(
        measured, limit, (found.ci_low, found.ratio, found.ci_high), found.blocks, found.detectable
    )
    if reading.outcome != "inconclusive":
        return reading
    return replace(reading, decided_by=deciding_metric(limit, cell, measured.comparisons))


def _why_unread(cell: Cell, measured: Measured) -> str:
    if cell in cells_without_valid_trial(measured.samples):
        return "no valid trial"
    return NO_SUCH_METRIC


def _why_not(comparison: Comparison) -> str:
    if comparison.verdict == "reference":
        return "it is the reference"
    if comparison.reference is None:
        return "there is no reference to compare it with"
    if not comparison.reference:
        return ZERO_REFERENCE
    if comparison.blocks < MIN_BLOCKS_FOR_VERDICT:
        return _too_few(comparison.blocks)
    if comparison.ratio is None:
        return "not all values of the cell and its reference are above zero"
    return "the values are too far apart for any interval"


def _too_few(blocks: int) -> str:
    are = agreeing(blocks, "is", "are")
    return f"{counted(blocks, 'block')} of both {are} too few for any verdict"


def _read_time(limit: Limit, cell: Cell, measured: Measured) -> Reading:
    series = collect(measured.samples, limit.metric)
    _require_metric(limit, bool(series), (m for s in measured.samples for m in s.metrics))
    scale = NS_IN.get(METRICS[limit.metric].unit, 1.0)
    values = [value * scale for value in series.get(cell, {}).values()]
    if not values:
        return _unread(measured, _why_unread(cell, measured))
    if not any(values):
        return Reading(measured.run, "pass", 0.0, 0.0, 0.0, len(values))
    to_bound = paired_ratio(values, [limit.bound] * len(values))
    if to_bound is None:
        return _unread(measured, "not all values are above zero", len(values))
    # Nothing was paired here, so that only Student's interval has a meaning.
    if to_bound.t_low is None or to_bound.t_high is None:
        return _unread(measured, _too_few(len(values)), len(values))
    mean = to_bound.mean or to_bound.ratio
    low, centre, high = (ratio * limit.bound for ratio in (to_bound.t_low, mean, to_bound.t_high))
    return _reading(measured, limit, (low, centre, high), len(values), to_bound.detectable)


def _reading(
    measured: Measured,
    limit: Limit,
    interval: tuple[float, float, float],
    blocks: int,
    detectable: float | None,
) -> Reading:
    low, centre, high = interval
    outcome: Outcome = judge_interval(low, high, limit.bound)
    needed = None
    if outcome == "inconclusive":
        needed = blocks_to_decide(centre, low, high, limit.bound, blocks)
    return Reading(measured.run, outcome, centre, low, high, blocks, detectable, needed)


def _read_loss(cell: Cell, measured: Measured) -> Reading:
    found = next((loss for loss in measured.losses if loss.cell == cell), None)
    if found is None:
        return _unread(measured, "no valid trial")
    outcome = judge_loss(found)
    if outcome == "pass" and not _had_events(cell, measured):
        outcome = "no-events"
    return Reading(
        measured.run,
        outcome,
        found.share,
        found.share_low,
        found.share_high,
        found.trials,
        lossy=found.trials_with_loss,
        note="" if outcome != "inconclusive" else "no consumer was listening, so loss is unknown",
    )


def _had_events(cell: Cell, measured: Measured) -> bool:
    """Whether any event of the cell could be lost, in a trial that counts."""
    return any(
        any((_demanded(ledger), ledger.complete, ledger.partial, ledger.lost, ledger.vanished))
        for sample in measured.samples
        if sample.cell == cell and sample.valid and not sample.warm_up
        for ledger in (sample.ledger,)
    )


def _demanded(ledger: Ledger) -> int:
    """The events that had to arrive; 0 also where that is unknown."""
    return (ledger.generated or 0) - (ledger.suppressed or 0)


def _unread(measured: Measured, note: str, count: int = 0) -> Reading:
    return Reading(measured.run, "inconclusive", None, None, None, count, note=note)


def _require_metric(limit: Limit, there: bool, metrics: Iterable[str]) -> None:
    if there:
        return
    compared = {name for name in metrics if name in METRICS and METRICS[name].compared}
    short = {full: name for name, full in SHORT_NAMES.items()}
    known = ", ".join(sorted(short.get(name, name) for name in compared)) or "none"
    raise UsageError(
        f"--fail {limit.text!r}: the run has no {limit.metric}", remedy=f"it has {known}"
    )
