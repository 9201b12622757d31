"""Two rule sets in one run, interleaved: each against the other and both against the reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from harness.answers.ab import judge_ab
from harness.answers.limits import MIN_BLOCKS_FOR_VERDICT
from harness.errors import UsageError
from harness.model.ab import AbReport, AbSide
from harness.run.lifecycle.borrow import Say
from harness.run.plan.file import load_plan_file
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Request, Subject
from harness.run.runner import Observer
from harness.run.session import run_to_end


@dataclass(frozen=True, slots=True)
class Pairing:
    """The plan to run, and which of its scenarios are A and B."""

    plan: Plan
    a: AbSide
    b: AbSide


def pair_up(request: Request, a: Path, b: Path) -> Pairing:
    """The plan for a run of both files and the reference of the request's plan.

    Files of one name, or one file twice, get scenarios of different names. Raises UsageError,
    before anything is measured, if the request cannot be measured.
    """
    file = load_plan_file(request.plan)
    if file.reference is None:
        raise UsageError(
            f"the plan {request.plan} has no scenario as its reference",
            remedy="leave --plan out",
        )
    subject = Subject(scenarios=(file.reference,), rule_files=(a, b))
    plan = make_plan(replace(request, subject=subject), file)
    if len(plan.worker_counts) > 1:
        raise UsageError(
            f"the plan {request.plan} has several numbers of workers, and A and B are compared "
            "under one load",
            remedy="give one number with --workers",
        )
    if plan.blocks < MIN_BLOCKS_FOR_VERDICT:
        raise UsageError(
            f"--blocks {plan.blocks} is too few for any verdict",
            remedy=f"give {MIN_BLOCKS_FOR_VERDICT} at the very least, 8 or more to detect anything",
        )
    first, second = _rule_scenarios(plan)
    return Pairing(plan, AbSide("A", str(a), first), AbSide("B", str(b), second))


def _rule_scenarios(plan: Plan) -> tuple[str, str]:
    """The scenarios of the two rule files, which come last in a plan."""
    first, second = plan.scenarios[plan.workloads[0]][-2:]
    return first.name, second.name


def run_ab(pairing: Pairing, conduct: Conduct, observer: Observer, say: Say) -> AbReport:
    """Measure; InterruptedRunError if the run was stopped."""
    purpose = "A and B could be compared"
    stored = run_to_end(pairing.plan, conduct, observer, say, before=purpose)
    return judge_ab(stored, pairing.a, pairing.b)
