"""Counted runs held against limits: which cells each limit is for, and what each cell says to it.

A count is no estimate: one reading decides, unless it is nearer to the limit than the floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from harness.analysis.count import judge_count_limit
from harness.analysis.limit import parse_limit
from harness.answers.compare.compare import Side
from harness.answers.compare.count import (
    CountOptions,
    are_counted,
    compare_counts,
    find_kernel_name,
)
from harness.answers.count import make_counted
from harness.answers.count_metrics import names_of, short_name
from harness.answers.gate import GateRules
from harness.errors import UntrustworthyError, UsageError, one_of
from harness.model.caution import Caution
from harness.model.count import COUNTED_METRICS, INSTRUCTIONS, CountedCell, CountedResult
from harness.model.count_changes import CountChange
from harness.model.count_gate import CountCheck, CountGateReport
from harness.model.gate import Limit
from harness.model.stored.plan import StoredPlan
from harness.renamed import hint
from harness.store import StoredRun


class _Place(NamedTuple):
    """Where something was counted, or was to be."""

    kernel: str
    workload: str
    scenario: str


def read_count_limits(words: Iterable[str]) -> tuple[Limit, ...]:
    """The limits of the command line, in order; UsageError for a bad one, or for none."""
    limits = tuple(_count_limit(word) for word in words)
    if not limits:
        raise UsageError(
            "a gate without limits decides nothing", remedy="give --fail instructions:1%"
        )
    return limits


def _count_limit(text: str) -> Limit:
    metric = text.rpartition(":")[0].rpartition("/")[2]
    names = names_of(COUNTED_METRICS)
    if metric and metric not in names:
        raise UsageError(
            f"--fail {text!r}: {metric} is not counted",
            remedy=one_of(metric, map(short_name, COUNTED_METRICS))
            + "; limits on times and loss are for a run without --count",
        )
    limit = parse_limit(text, names)
    if limit.basis != "reference":
        raise UsageError(
            f"--fail {text!r}: a limit on a count is a percentage",
            remedy=f"write it like {short_name(limit.metric)}:1%",
        )
    return limit


def gate_counts(stored: StoredRun, rules: GateRules) -> CountGateReport:
    """Judge a counted run, each cell against the reference under the same kernel.

    Raises UsageError for a limit or a reference that the run has nothing for, UntrustworthyError
    where nothing was counted.
    """
    result = _result(stored)
    places = _planned(stored, result)
    reference = rules.reference or stored.plan.reference_scenario or ""
    plan = stored.plan
    require_scopes(rules, plan.workloads, [p.scenario for p in places], reference, plan.consumers)
    by_place = {(_place(cell), cell.metric): cell for cell in result.cells}
    counted = {_place(cell) for cell in result.cells}
    checks, missing = [], []
    for limit in rules.limits:
        _require_counted(limit, result.cells, result.run)
        chosen = {
            place: against
            for place in _chosen(limit, stored, places, reference)
            if (against := _against(place, plan, reference)) not in (None, place)
        }
        _require_any(limit, list(chosen), places)
        for place, against in chosen.items():
            assert against is not None
            base = by_place.get((against, limit.metric))
            head = by_place.get((place, limit.metric))
            if base is not None and head is not None:
                checks.append(_check(limit, head, base.estimate, against.scenario, head.floor))
            elif head is not None:
                missing.append(against)
            elif place not in counted:  # else it has other metrics, and nothing of this one
                missing.append(place)
    return _report(rules, checks, result, _doubts(result, missing), result.cautions)


def gate_counts_against(
    head: StoredRun,
    base: StoredRun,
    rules: GateRules,
    *,
    allowed: frozenset[str] = frozenset(),
    force: bool = False,
) -> CountGateReport:
    """Judge a counted run by what changed against another, cell by cell.

    Raises what `gate_counts` raises, and UsageError where the runs are unlike and that is neither
    allowed nor forced, or one of them measures times.
    """
    if rules.reference:
        raise UsageError("--reference and --against contradict each other", remedy="give one")
    are_counted([head, base])
    result = _result(head)
    places = _planned(head, result)
    require_scopes(rules, head.plan.workloads, [p.scenario for p in places], "")
    for limit in rules.limits:
        _require_counted(limit, result.cells, result.run)
    # Every cell that could be counted has instructions: what has nothing else was counted, too.
    metrics = tuple(dict.fromkeys((INSTRUCTIONS, *(limit.metric for limit in rules.limits))))
    options = CountOptions(metrics=metrics, allowed=allowed, force=force)
    pair = compare_counts(Side(base), [Side(head)], options).pairs[0]
    changes = {(_place(change), change.metric): change for change in pair.changes}
    counted = {_place(change) for change in pair.changes}
    checks, missing = [], []
    for limit in rules.limits:
        _require_counted(limit, pair.changes, pair.base)
        chosen = _chosen(limit, head, places, "")
        _require_any(limit, chosen, places)
        for place in chosen:
            if found := changes.get((place, limit.metric)):
                checks.append(_check(limit, found, found.base, pair.base, found.floor))
            elif place not in counted:
                missing.append(place)
    return _report(rules, checks, result, _doubts(result, missing), pair.cautions)


def _result(stored: StoredRun) -> CountedResult:
    result = make_counted(stored)
    if not result.cells:
        raise UntrustworthyError(
            f"nothing was counted in {result.run}",
            remedy=f"`auditbench show {result.run}` may say why",
        )
    return result


def _place(cell: CountedCell | CountChange) -> _Place:
    return _Place(cell.kernel, cell.workload, cell.scenario)


def _planned(stored: StoredRun, result: CountedResult) -> list[_Place]:
    """Every place where something was to be counted, also where it could not be."""
    kernels = [guest.name for guest in result.guests]
    kernels = kernels or list(dict.fromkeys(cell.kernel for cell in result.cells))
    return [
        _Place(kernel, workload, scenario.name)
        for kernel in kernels
        for workload in stored.plan.workloads
        for scenario in stored.plan.of_workload(workload)
    ]


def _against(place: _Place, plan: StoredPlan, reference: str) -> _Place | None:
    """Where that was counted which a place is compared with: the reference, or where that is a
    consumer the same rules with it. None where it was not to hear them.
    """
    scenario = plan.scenario(place.workload, place.scenario)
    if reference not in plan.consumers or scenario is None:
        return place._replace(scenario=reference)
    bare = place.scenario.removesuffix(f"+{scenario.consumer}")
    of_consumer = (
        other.name
        for other in plan.of_workload(place.workload)
        if other.consumer == reference and other.name.removesuffix(f"+{reference}") == bare
    )
    found = next(of_consumer, None)
    return None if found is None else place._replace(scenario=found)


def require_scopes(
    rules: GateRules,
    workloads: Iterable[str],
    scenarios: Sequence[str],
    reference: str,
    consumers: Sequence[str] = (),
) -> None:
    """UsageError where a reference or a name before a limit is none of a plan's.

    What begins with a digit may be a kernel's: which ones there are is known when they have run.
    """
    known = list(dict.fromkeys((*workloads, *scenarios)))
    compared = list(dict.fromkeys((*scenarios, *consumers)))
    if reference and reference not in compared:
        raise UsageError(
            f"--reference {reference} is not a scenario or consumer of this run",
            remedy=hint(reference) or one_of(reference, compared),
        )
    for limit in rules.limits:
        for name in limit.scope:
            if name not in known and not name[0].isdigit():
                raise UsageError(
                    f"--fail {limit.text!r}: this run has no workload, scenario or kernel {name!r}",
                    remedy=hint(name) or one_of(name, known),
                )


def _chosen(
    limit: Limit, stored: StoredRun, places: Sequence[_Place], reference: str
) -> list[_Place]:
    """The places that a limit is for: without names not what only a fresh boot shows, nor the
    plan's own reference.
    """
    plan = stored.plan
    apart = {
        (workload, scenario.name)
        for workload in plan.workloads
        for scenario in plan.of_workload(workload)
        if not scenario.interleaved or (reference and scenario.name == plan.reference_scenario)
    }
    return [
        place
        for place in places
        if all(_is_named(name, place) for name in limit.scope)
        and ((place.workload, place.scenario) not in apart or place.scenario in limit.scope)
    ]


def _is_named(name: str, place: _Place) -> bool:
    return name in place or find_kernel_name(name, [place.kernel]) is not None


def _require_any(limit: Limit, chosen: Sequence[_Place], places: Sequence[_Place]) -> None:
    if chosen:
        return
    kernels = dict.fromkeys(place.kernel for place in places)
    cells = dict.fromkeys(f"{place.workload} × {place.scenario}" for place in places)
    raise UsageError(
        f"--fail {limit.text!r} is for no cell of this run",
        remedy=f"it has {', '.join(cells)} under {', '.join(kernels)}",
    )


def _require_counted(limit: Limit, cells: Sequence[CountedCell | CountChange], run: str) -> None:
    """UsageError where no cell has the metric of a limit; `run` is the one that lacks it."""
    known = dict.fromkeys(cell.metric for cell in cells)
    if limit.metric not in known:
        raise UsageError(
            f"--fail {limit.text!r}: {run} has no {limit.metric}",
            remedy=f"it has {', '.join(map(short_name, known))}",
        )


def _check(
    limit: Limit, head: CountedCell | CountChange, base: float, against: str, floor: float | None
) -> CountCheck:
    value = head.head if isinstance(head, CountChange) else head.estimate
    outcome = judge_count_limit(base, value, bound=limit.bound, floor=floor)
    return CountCheck(
        limit, head.kernel, head.workload, head.scenario, against, base, value, floor, outcome
    )


def _doubts(result: CountedResult, missing: Iterable[_Place]) -> Iterator[str]:
    if not result.complete:
        yield f"{result.run} was stopped before its end"
    several = len(result.guests) > 1
    for place in dict.fromkeys(missing):
        under = f" under {place.kernel}" if several else ""
        yield f"{place.workload} × {place.scenario}{under} could not be counted"


def _report(
    rules: GateRules,
    checks: Iterable[CountCheck],
    result: CountedResult,
    doubts: Iterable[str],
    cautions: Iterable[Caution],
) -> CountGateReport:
    return CountGateReport(
        checks=tuple(checks),
        result=result,
        doubts=tuple(doubts),
        cautions=tuple(cautions),
        inconclusive_passes=rules.inconclusive_passes,
    )
