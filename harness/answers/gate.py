"""Stored runs held against limits: which pass, which fail, and what cannot be judged.

`harness.run.gate` measures; everything that is judged is judged here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.answers.compare.comparability import require_no_search
from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.deciding import CPU, ELAPSED
from harness.answers.judgeable import require_a_consumer
from harness.answers.limit_cells import excluded_cells
from harness.answers.limits import (
    Measured,
    check_limits,
)
from harness.answers.result import compare_with, in_plan_order, make_result
from harness.answers.trust import doubts_about_checks, require_blocks
from harness.answers.waiting import scenarios_with_larger_backlog
from harness.errors import UntrustworthyError, UsageError, one_of
from harness.model.caution import Caution
from harness.model.compare import Change
from harness.model.gate import Check, GateReport, Limit
from harness.model.reference import PlannedScenario, Reference, every_scenario
from harness.model.result import Comparison, Result
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.renamed import hint
from harness.store import StoredRun, load_run


@dataclass(frozen=True, slots=True)
class GateRules:
    """By what a gate decides: limits, the scenario or consumer to compare with instead of the
    plan's own reference, and whether what cannot be decided passes.
    """

    limits: tuple[Limit, ...]
    reference: str | None = None
    inconclusive_passes: bool = False


def gate_run(folder: Path, rules: GateRules) -> GateReport:
    """Judge a stored run. It cannot be measured once more, so one reading decides.

    Raises UntrustworthyError where it has too few blocks for any verdict.
    """
    stored = load_run(folder)
    require_no_search([stored], "held against limits")
    result, measured = measured_of(stored, rules)
    for limit in rules.limits:
        require_a_consumer(limit, reference_in(stored.plan, rules))
    checks = check_limits(rules.limits, measured)
    require_blocks(checks, result.run)
    doubts = doubts_about_checks(result, stored.samples, checks)
    return report_of(rules, checks, [result], doubts)


def gate_against(
    head: Path,
    base: Path,
    rules: GateRules,
    *,
    allowed: frozenset[str] = frozenset(),
    force: bool = False,
    results: Path | None = None,
) -> GateReport:
    """Judge a stored run by what changed against another; limits on time and loss are on HEAD.

    In `results` a run is looked for that could be BASE instead of one that is unlike.

    Raises UsageError where the runs are unlike and that is neither allowed nor forced,
    UntrustworthyError where they have too few blocks for any verdict.
    """
    if rules.reference:
        raise UsageError("--reference and --against contradict each other", remedy="give one")
    stored = load_run(head)
    require_no_search([stored], "held against limits")
    result, measured = measured_of(stored, rules)
    metrics = tuple(
        dict.fromkeys(limit.metric for limit in rules.limits if limit.basis == "reference")
    )
    if ELAPSED in metrics and CPU not in metrics:
        metrics += (CPU,)
    options = CompareOptions(metrics=metrics, allowed=allowed, force=force, results=results)
    pair = compare_runs(Side(load_run(base)), [Side(stored)], options).pairs[0]
    measured = replace(
        measured,
        comparisons=tuple(map(_judgeable, pair.changes)),
        against=pair.base,
    )
    checks = check_limits(rules.limits, measured)
    doubts = list(doubts_about_checks(result, stored.samples, checks))
    if not pair.trustworthy and not doubts:
        doubts.append(f"{pair.base} is not trustworthy")
    return replace(report_of(rules, checks, [result], doubts), cautions=pair.cautions)


def _judgeable(change: Change) -> Comparison:
    """The value checked against a limit: only the ratio of ratios."""
    if not change.indivisible:
        return change.comparison
    return replace(change.comparison, ratio=None, ci_low=None, ci_high=None)


def report_of(
    rules: GateRules, checks: Iterable[Check], results: Sequence[Result], doubts: Iterable[str]
) -> GateReport:
    """The report of checks, with the cautions of the runs that they were made on."""
    return GateReport(
        checks=tuple(checks),
        results=tuple(results),
        doubts=tuple(doubts),
        cautions=tuple(dict.fromkeys(c for result in results for c in _cautions(result))),
        inconclusive_passes=rules.inconclusive_passes,
    )


def _cautions(result: Result) -> list[Caution]:
    if result.complete:
        return list(result.cautions)
    return [*result.cautions, Caution("stopped", f"{result.run} was stopped before its end")]


def measured_of(stored: StoredRun, rules: GateRules) -> tuple[Result, Measured]:
    """A run's result, and what of it limits are held against.

    Raises UntrustworthyError where no trial counts.
    """
    result = make_result(stored)
    if not result.comparisons:
        raise UntrustworthyError(
            f"no trial of {result.run} counts ({result.invalid_trials} of {result.trials} invalid)",
            remedy=f"`auditbench show {result.run}` may say why",
        )
    plan = result.plan
    reference = reference_in(plan, rules)
    return result, Measured(
        run=result.run,
        comparisons=_against_scenario(stored, result, reference)
        if rules.reference
        else result.comparisons,
        losses=result.losses,
        samples=stored.samples,
        against=reference.scenario or reference.consumer or "",
        excluded=excluded_cells(
            (sample.cell for sample in stored.samples),
            reference,
            plan.reference.scenarios,
            apart={sample.scenario for sample in stored.samples if not sample.interleaved}
            | scenarios_with_larger_backlog(stored.plan),
        ),
        unmatched=frozenset(
            cell for cell in result.unmatched if cell.scenario in result.unmatched_scenarios
        ),
    )


def reference_in(plan: StoredPlan, rules: GateRules) -> Reference:
    """The reference of the cells of a stored run."""
    scenarios = list(every_scenario(plan.scenarios))
    return reference_of(rules, plan.reference, scenarios, plan.consumers)


def reference_of(
    rules: GateRules,
    usual: Reference,
    scenarios: Collection[PlannedScenario],
    consumers: Collection[str],
) -> Reference:
    """The reference of cells: the requested scenario or consumer, else that of the plan."""
    name = rules.reference
    if not name:
        return usual
    if name in consumers and name not in {scenario.name for scenario in scenarios}:
        return Reference(consumer=name)
    return usual.instead(name, scenarios)


def require_reference(reference: Reference, known: Collection[Cell], where: str) -> None:
    """UsageError where a requested reference is no scenario or consumer of these cells."""
    scenarios = {cell.scenario for cell in known}
    consumers = {cell.consumer for cell in known}
    name = reference.scenario or reference.consumer or ""
    if name in scenarios | consumers or reference.by_scenario:
        return
    raise UsageError(
        f"--reference {name} is not a scenario or consumer of {where}",
        remedy=hint(name) or one_of(name, [*sorted(scenarios), *sorted(consumers)]),
    )


def _against_scenario(
    stored: StoredRun, result: Result, reference: Reference
) -> tuple[Comparison, ...]:
    require_reference(reference, {sample.cell for sample in stored.samples}, result.run)
    return tuple(compare_with(reference, in_plan_order(stored), stored.plan))
