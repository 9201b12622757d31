"""A gate: a plan is run, or stored runs are taken, and held against limits.

A cell that is beyond a limit in a fresh run is measured once more, in a run of its own with the
reference beside it, before the gate fails. docs/gate.md says what that does to the error rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.analysis.against_reference import Reference
from harness.analysis.limit import settle
from harness.answers.compare import CompareOptions, Side, compare_runs
from harness.answers.limits import (
    LEAST_BLOCKS,
    Measured,
    cells_aside,
    check_cell,
    check_limits,
    select_cells,
)
from harness.answers.result import compare_with, in_plan_order, make_result
from harness.answers.trust import distrust_checks, require_blocks
from harness.errors import InterruptedRunError, UntrustworthyError, UsageError
from harness.model.compare import Change
from harness.model.gate import Check, GateReport, Limit
from harness.model.result import Caution, Comparison, Result
from harness.model.run import AA
from harness.renamed import hint
from harness.run.plan.file import load_plan_file
from harness.run.plan.plan import Plan, Request, make_plan
from harness.run.runner import Observer
from harness.run.session import SessionOptions, run_session
from harness.scenarios.catalog import SCENARIOS
from harness.store import StoredRun, load_run


@dataclass(frozen=True, slots=True)
class GateRules:
    """By what a gate decides: limits, the scenario to compare with instead of the plan's own
    reference, and whether what cannot be decided passes.
    """

    limits: tuple[Limit, ...]
    reference: str | None = None
    inconclusive_passes: bool = False


def gate_plan(
    request: Request,
    rules: GateRules,
    options: SessionOptions,
    make_observer: Callable[[], Observer],
) -> GateReport:
    """Run a plan and judge it; what is beyond a limit is measured once more.

    Each run is watched by an observer of its own.

    Raises UsageError before anything is measured where a limit is for nothing in the plan, and
    InterruptedRunError where a run was stopped.
    """
    request = _narrowed(request, rules)
    plan = make_plan(request)
    _require_decidable(plan, rules)
    stored = _run(request, options, make_observer())
    result, measured = _measured(stored, rules)
    checks = check_limits(rules.limits, measured)
    flagged = [check for check in checks if check.outcome == "fail"]
    distrust = distrust_checks(result, stored.samples, checks)
    if not flagged or distrust:
        return _report(rules, checks, [result], distrust)
    options.say(f"{_beyond(len(flagged))}: measuring what is concerned once more")
    again = _run(_second_request(request, plan, rules, flagged), options, make_observer())
    second, measured_again = _measured(again, rules)
    settled = [_settled(check, measured_again) for check in checks]
    distrust = distrust_checks(second, again.samples, settled)
    return _report(rules, settled, [result, second], distrust)


def gate_run(folder: Path, rules: GateRules) -> GateReport:
    """Judge a stored run. It cannot be measured once more, so one reading decides.

    Raises UntrustworthyError where it has too few blocks for any verdict.
    """
    stored = load_run(folder)
    result, measured = _measured(stored, rules)
    checks = check_limits(rules.limits, measured)
    require_blocks(checks, result.run)
    distrust = distrust_checks(result, stored.samples, checks)
    return _report(rules, checks, [result], distrust)


def gate_against(
    head: Path,
    base: Path,
    rules: GateRules,
    *,
    allowed: frozenset[str] = frozenset(),
    force: bool = False,
) -> GateReport:
    """Judge a stored run by what changed against another; limits on time and loss are on HEAD.

    Raises UsageError where the runs are unlike and that is neither allowed nor forced,
    UntrustworthyError where they have too few blocks for any verdict.
    """
    if rules.reference:
        raise UsageError("--reference and --against contradict each other", remedy="give one")
    stored = load_run(head)
    result, measured = _measured(stored, rules)
    metrics = tuple(
        dict.fromkeys(limit.metric for limit in rules.limits if limit.yardstick == "reference")
    )
    options = CompareOptions(metrics=metrics, allowed=allowed, force=force)
    pair = compare_runs(Side(load_run(base)), [Side(stored)], options).pairs[0]
    measured = replace(
        measured,
        comparisons=tuple(map(_judgeable, pair.changes)),
        against=pair.base,
    )
    checks = check_limits(rules.limits, measured)
    distrust = list(distrust_checks(result, stored.samples, checks))
    if not pair.trustworthy and not distrust:
        distrust.append(f"{pair.base} is not trustworthy")
    return replace(_report(rules, checks, [result], distrust), cautions=pair.cautions)


def _judgeable(change: Change) -> Comparison:
    """What a limit is held against: the ratio of ratios, and no other in its place."""
    if not change.indivisible:
        return change.comparison
    return replace(change.comparison, ratio=None, ci_low=None, ci_high=None)


def _report(
    rules: GateRules, checks: Iterable[Check], results: Sequence[Result], distrust: Iterable[str]
) -> GateReport:
    return GateReport(
        checks=tuple(checks),
        results=tuple(results),
        distrust=tuple(distrust),
        cautions=tuple(dict.fromkeys(c for result in results for c in _cautions(result))),
        inconclusive_passes=rules.inconclusive_passes,
    )


def _cautions(result: Result) -> list[Caution]:
    if result.complete:
        return list(result.cautions)
    return [*result.cautions, Caution("stopped", f"{result.run} was stopped before its end")]


def _beyond(number: int) -> str:
    return f"{number} limit{'s are' if number != 1 else ' is'} exceeded"


def _run(request: Request, options: SessionOptions, observer: Observer) -> StoredRun:
    outcome = run_session(request, options, observer)
    if outcome.interrupted:
        raise InterruptedRunError(
            "stopped before the gate could decide",
            remedy=f"what there is stands in {outcome.folder}",
        )
    options.say(f"stored in {outcome.folder}")
    return load_run(outcome.folder)


def _narrowed(request: Request, rules: GateRules) -> Request:
    """With rule files and no scenarios named, only what the gate needs is measured beside them."""
    reference = load_plan_file(request.plan).reference
    if not request.rule_files or request.scenarios or reference is None:
        return request
    named = [name for limit in rules.limits for name in limit.scope]
    named += [rules.reference] if rules.reference else []
    # A scope may mean a rule file that is called like a built-in scenario.
    files = {path.stem for path in request.rule_files}
    wanted = dict.fromkeys([reference, *(n for n in named if n in SCENARIOS and n not in files)])
    return replace(request, scenarios=tuple(wanted))


def _require_decidable(plan: Plan, rules: GateRules) -> None:
    """Find before measuring what would make the gate undecidable after it."""
    cells = plan.cells()
    scenarios = {cell.scenario for cell in cells}
    if rules.reference and rules.reference not in scenarios:
        raise UsageError(
            f"--reference {rules.reference} is no scenario of this run",
            remedy=hint(rules.reference) or f"one of {', '.join(sorted(scenarios))}",
        )
    reference = _reference(rules, plan.reference.scenario, plan.reference.consumer)
    aside = cells_aside(cells, reference, plan.reference.scenario)
    for limit in rules.limits:
        select_cells(limit, cells, aside)
        if limit.yardstick != "loss" and plan.blocks < LEAST_BLOCKS:
            raise UsageError(
                f"--blocks {plan.blocks} is too few for any verdict on {limit.text}",
                remedy=f"give {LEAST_BLOCKS} at the very least, 8 or more to see anything",
            )


def _second_request(
    request: Request, plan: Plan, rules: GateRules, flagged: Sequence[Check]
) -> Request:
    """The same request for the flagged cells, the references and their A/A copy only."""
    cells = [check.cell for check in flagged]
    names = {cell.scenario for cell in cells}
    for reference in filter(None, (plan.reference.scenario, rules.reference)):
        names |= {reference, reference + AA}
    concerned = {cell.workload for cell in cells}
    consumers = {cell.consumer for cell in cells} | {plan.reference.consumer}
    return replace(
        request,
        only=frozenset(names),
        workloads=()
        if request.command
        else tuple(name for name in plan.workloads if name in concerned),
        consumers=tuple(name for name in plan.consumers if name in consumers),
        seed=None if request.seed is None else request.seed + 1,
    )


def _settled(check: Check, measured: Measured) -> Check:
    """The check with its second reading, where it was beyond its limit."""
    if check.outcome != "fail":
        return check
    second = check_cell(check.limit, check.cell, measured).readings[0]
    outcome = settle(check.limit, check.outcome, second.outcome)
    return replace(check, readings=(*check.readings, second), outcome=outcome)


def _measured(stored: StoredRun, rules: GateRules) -> tuple[Result, Measured]:
    result = make_result(stored)
    if not result.comparisons:
        raise UntrustworthyError(
            f"no trial of {result.run} counts ({result.invalid_trials} of {result.trials} invalid)",
            remedy=f"`auditbench show {result.run}` may say why",
        )
    scenario = result.plan.get("reference_scenario")
    reference = _reference(rules, scenario, result.plan.get("reference_consumer"))
    return result, Measured(
        run=result.run,
        comparisons=_against_scenario(stored, result, reference)
        if rules.reference
        else result.comparisons,
        losses=result.losses,
        samples=stored.samples,
        against=reference.scenario or reference.consumer or "",
        aside=cells_aside(
            (sample.cell for sample in stored.samples),
            reference,
            scenario,
            apart={sample.scenario for sample in stored.samples if not sample.interleaved},
        ),
    )


def _reference(rules: GateRules, scenario: str | None, consumer: str | None) -> Reference:
    """What cells are held against: what was asked for, else what the plan says."""
    return Reference(rules.reference or scenario, consumer)


def _against_scenario(
    stored: StoredRun, result: Result, reference: Reference
) -> tuple[Comparison, ...]:
    known = {sample.scenario for sample in stored.samples}
    if reference.scenario not in known:
        raise UsageError(
            f"--reference {reference.scenario} is no scenario of {result.run}",
            remedy=hint(reference.scenario or "") or f"one of {', '.join(sorted(known))}",
        )
    return tuple(compare_with(reference, in_plan_order(stored), stored.plan))
