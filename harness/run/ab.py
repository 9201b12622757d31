"""Two rule sets in one run, interleaved: each against the other and both against the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.answers.ab import judge_ab
from harness.answers.limits import MIN_BLOCKS_FOR_VERDICT
from harness.errors import InterruptedRunError, UsageError
from harness.model.ab import AbReport, AbSide
from harness.run.plan.file import load_plan_file
from harness.run.plan.plan import Plan, Request, make_plan
from harness.run.runner import Observer
from harness.run.session import SessionOptions, run_session
from harness.store import load_run


@dataclass(frozen=True, slots=True)
class Pairing:
    """The request to run, and which of its scenarios are A and B."""

    request: Request
    a: AbSide
    b: AbSide


def pair_up(request: Request, a: Path, b: Path) -> Pairing:
    """The request for a run of both files and the reference of its plan.

    Files of one name, or one file twice, get scenarios of different names. Raises UsageError,
    before anything is measured, if the request cannot be measured.
    """
    reference = load_plan_file(request.plan).reference
    if reference is None:
        raise UsageError(
            f"the plan {request.plan} has no scenario as its reference",
            remedy="leave --plan out",
        )
    request = replace(request, scenarios=(reference,), rule_files=(a, b), exclude_exe=None)
    plan = make_plan(request)
    if plan.blocks < MIN_BLOCKS_FOR_VERDICT:
        raise UsageError(
            f"--blocks {plan.blocks} is too few for any verdict",
            remedy=f"give {MIN_BLOCKS_FOR_VERDICT} at the very least, 8 or more to detect anything",
        )
    first, second = _rule_scenarios(plan)
    return Pairing(request, AbSide("A", str(a), first), AbSide("B", str(b), second))


def _rule_scenarios(plan: Plan) -> tuple[str, str]:
    """The scenarios of the two rule files, which come last in a plan."""
    first, second = plan.scenarios[plan.workloads[0]][-2:]
    return first.name, second.name


def run_ab(pairing: Pairing, options: SessionOptions, observer: Observer) -> AbReport:
    """Measure; InterruptedRunError if the run was stopped."""
    outcome = run_session(pairing.request, options, observer)
    if outcome.interrupted:
        raise InterruptedRunError(
            "stopped before A and B could be compared",
            remedy=f"what was measured is in {outcome.folder}",
        )
    options.say(f"stored in {outcome.folder}")
    return judge_ab(load_run(outcome.folder), pairing.a, pairing.b)
