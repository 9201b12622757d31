"""A gate that measures: a plan is run and judged by limits.

A cell that is beyond a limit in a fresh run is measured once more, in a run of its own with the
reference beside it, before the gate fails. docs/gate.md describes the effect on the error rates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from harness.analysis.limit import settle
from harness.answers.gate import (
    GateRules,
    measured_of,
    reference_of,
    report_of,
    require_reference,
)
from harness.answers.judgeable import require_a_consumer
from harness.answers.limit_cells import excluded_cells, select_cells
from harness.answers.limits import (
    MIN_BLOCKS_FOR_VERDICT,
    Measured,
    check_cell,
    check_limits,
)
from harness.answers.trust import doubts_about_checks
from harness.counted import counted
from harness.errors import UsageError
from harness.model.gate import Check, GateReport
from harness.model.reference import Reference, every_scenario
from harness.model.run import AA
from harness.run.lifecycle.borrow import Say
from harness.run.plan.file import PlanFile, load_plan_file
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.selection import measures_rules_in_cells
from harness.run.request import Request
from harness.run.runner import Observer
from harness.run.session import run_to_end
from harness.scenarios.catalog import SCENARIOS


def gate_plan(
    request: Request,
    rules: GateRules,
    make_observer: Callable[[], Observer],
    say: Say,
) -> GateReport:
    """Run a plan and judge it; cells beyond a limit are measured once more.

    Each run has an observer of its own.

    Raises UsageError, before anything is measured, if a limit applies to nothing in the plan, and
    InterruptedRunError if a run was stopped.
    """
    plan = plan_to_judge(request, rules)
    run = partial(run_to_end, before="the gate could decide")
    stored = run(plan, request.conduct, make_observer(), say)
    result, measured = measured_of(stored, rules)
    checks = check_limits(rules.limits, measured)
    flagged = [check for check in checks if check.outcome == "fail"]
    doubts = doubts_about_checks(result, stored.samples, checks)
    if not flagged or doubts:
        return report_of(rules, checks, [result], doubts)
    say(f"{_beyond(len(flagged))}: measuring the cells concerned once more")
    concerned = replace(_second_plan(plan, rules, flagged), auid=stored.plan.auid, auid_free=False)
    # The label stays with the whole run: it is what is compared with later.
    again = run(concerned, replace(request.conduct, label=""), make_observer(), say)
    second, measured_again = measured_of(again, rules)
    settled = [_settled(check, measured_again) for check in checks]
    doubts = doubts_about_checks(second, again.samples, settled)
    return report_of(rules, settled, [result, second], doubts)


def plan_to_judge(request: Request, rules: GateRules) -> Plan:
    """What the gate measures; UsageError if a limit applies to nothing in it."""
    plan = _plan(request, rules)
    _require_decidable(plan, rules)
    return plan


def _beyond(number: int) -> str:
    return f"{counted(number, 'limit is', 'limits are')} exceeded"


def _plan(request: Request, rules: GateRules) -> Plan:
    """The plan, reduced to what the gate needs if there are rule files and no scenarios named."""
    file = load_plan_file(request.plan)
    return make_plan(only_needed(request, rules, file), file)


def only_needed(request: Request, rules: GateRules, file: PlanFile | None = None) -> Request:
    """The same, with the scenarios that the gate needs beside rule files, if none are named."""
    file, subject = file or load_plan_file(request.plan), request.subject
    if not subject.rule_files or subject.scenarios or measures_rules_in_cells(file):
        return request
    if file.reference is None:
        return request
    named = [name for limit in rules.limits for name in limit.scope]
    named += [rules.reference] if rules.reference else []
    # A scope may mean a rule file with the name of a built-in scenario.
    stems = {name for path in subject.rule_files for name in (path.stem, path.name)}
    beside = (name for name in named if name in SCENARIOS and name not in stems)
    wanted = tuple(dict.fromkeys([file.reference, *beside]))
    return replace(request, subject=replace(subject, scenarios=wanted))


def _require_decidable(plan: Plan, rules: GateRules) -> None:
    """Refuse, before measuring, a gate that could not be decided afterwards."""
    cells = plan.cells()
    reference = _reference(plan, rules)
    if rules.reference:
        require_reference(reference, cells, "this run")
    excluded = excluded_cells(cells, reference, plan.reference.scenarios)
    for limit in rules.limits:
        select_cells(limit, cells, excluded)
        require_a_consumer(limit, reference)
        if limit.basis != "loss" and plan.blocks < MIN_BLOCKS_FOR_VERDICT:
            raise UsageError(
                f"--blocks {plan.blocks} is too few for any verdict on {limit.text}",
                remedy=f"give at least {MIN_BLOCKS_FOR_VERDICT}, 8 or more to detect anything",
            )


def _reference(plan: Plan, rules: GateRules) -> Reference:
    """What the gate compares cells with."""
    scenarios = list(every_scenario(plan.scenarios))
    return reference_of(rules, plan.reference, scenarios, plan.all_consumers())


def _second_plan(plan: Plan, rules: GateRules, flagged: Sequence[Check]) -> Plan:
    """The same plan for only the flagged cells, the references and their A/A copies."""
    cells = [check.cell for check in flagged]
    names = {cell.scenario for cell in cells}
    requested = _reference(plan, rules)
    for reference in (plan.reference, requested):
        against = {reference.of(cell).scenario for cell in cells} & reference.scenarios
        names |= {*against, *(name + AA for name in against)}
    return plan.narrowed(
        workloads={cell.workload for cell in cells},
        scenarios=names,
        consumers={cell.consumer for cell in cells}
        | {plan.reference.consumer or "", requested.consumer or ""},
    )


def _settled(check: Check, measured: Measured) -> Check:
    """The check with its second measurement, if it was beyond its limit."""
    if check.outcome != "fail":
        return check
    second = check_cell(check.limit, check.cell, measured).readings[0]
    outcome = settle(check.limit, check.outcome, second.outcome)
    return replace(check, readings=(*check.readings, second), outcome=outcome)
