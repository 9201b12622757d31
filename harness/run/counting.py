"""`--count` of the verbs that measure: the same request, counted in guests and not timed here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from harness.answers.compare.count import CountOptions
from harness.answers.count_ab import judge_count_ab
from harness.answers.count_gate import gate_counts, require_scopes
from harness.answers.count_metrics import counted_metric
from harness.answers.gate import GateRules
from harness.answers.quantities import parse_margins
from harness.errors import InterruptedRunError, UsageError
from harness.guest.kernels.images import machine_of
from harness.kernel.rules.machine import rules_for
from harness.model.ab import AbSide, CountAbReport
from harness.model.count_gate import CountGateReport
from harness.run.ab import pair_up
from harness.run.count import plan_under, run_count
from harness.run.gate import only_needed
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.loop import Outcome
from harness.run.request import Conduct, Counting, Load, Request
from harness.store import StoredRun, load_run

_TAKEN = {
    Load: frozenset(
        {
            "workloads",
            "ignore_lock",
            "skip_missing",
            "auid",
            "consumers",
            "consumer_packages",
            "consumer_commands",
            "consumer_output",
            "consumer_form",
            "consumer_mapping",
        }
    ),
    Conduct: frozenset({"results", "label", "argv", "dry_run"}),
}
"""What has a meaning where nothing is timed: there is one load at a time in a guest of its own, and
as many boots as it takes."""
_NAMES = {
    "workload_options": "options of the load",
    "consumer_paths": "--consumer-path",
    "rate_per_s": "--rate",
    "margins": "--margin",
}
"""Options that are not called like their field."""


def count_request(request: Request, counting: Counting, say: Say) -> Outcome:
    """Count what is asked for; UsageError for what has no meaning in a guest."""
    require_countable(request)
    return run_count(request, counting.kernels, say)


def count_and_gate(
    request: Request, rules: GateRules, counting: Counting, say: Say
) -> CountGateReport:
    """Count a plan and judge it.

    Raises UsageError, before anything is counted, if a limit applies to nothing in the plan, and
    InterruptedRunError if it was stopped.
    """
    request = request_to_judge(request, rules, counting)
    return gate_counts(_count_to_end(request, counting, say, "the gate could decide"), rules)


def request_to_judge(request: Request, rules: GateRules, counting: Counting) -> Request:
    """What a gate counts of a request; UsageError if a limit applies to nothing in it."""
    request = only_needed(request, rules)
    require_countable(request)
    plan, _ = plan_under(request, counting.kernels)
    scenarios = [cell.scenario for cell in plan.cells()]
    require_scopes(rules, plan.workloads, scenarios, rules.reference or "", plan.consumers)
    return request


@dataclass(frozen=True, slots=True)
class CountedPair:
    """What `ab` counts, which of its scenarios are A and B, and how they are compared."""

    request: Request
    a: AbSide
    b: AbSide
    options: CountOptions


def pair_to_count(request: Request, a: Path, b: Path, counting: Counting) -> CountedPair:
    """What is counted for A against B, by the margins of the request; UsageError if it cannot be.

    Both files beside the reference alone.
    """
    load = request.load
    if load.consumers or load.consumer_packages or load.consumer_commands:
        raise UsageError(
            "ab --count compares rule files with the built-in consumer",
            remedy="auditbench count --rules A B --consumer …, then auditbench compare",
        )
    margin, by_metric = parse_margins(request.load.margins, counted_metric)
    request = replace(request, load=replace(request.load, margins=()))
    require_countable(request)
    with rules_for(machine_of(counting.kernels).name):
        pairing = pair_up(replace(request, instrument="counted"), a, b)
    reference = pairing.plan.reference.scenario or ""
    subject = replace(request.subject, scenarios=(reference,), rule_files=(a, b))
    options = CountOptions(margin=margin, margin_by_metric=by_metric)
    return CountedPair(replace(request, subject=subject), pairing.a, pairing.b, options)


def count_ab(pair: CountedPair, counting: Counting, say: Say) -> CountAbReport:
    """Count two rule files in the same guests, and judge B against A."""
    stored = _count_to_end(pair.request, counting, say, "A and B could be compared")
    return judge_count_ab(stored, pair.a, pair.b, pair.options)


def require_countable(request: Request) -> None:
    """UsageError for what was asked for and has no meaning where nothing is timed."""
    if request.command:
        raise UsageError(
            "a command of yours is not counted", remedy="leave --count out, or name a --workload"
        )
    names = [*_given(request.load), *_given(request.conduct)]
    if request.fallback is not None:
        names.append("--fallback")
    if names:
        raise UsageError(
            f"{', '.join(names)} and --count contradict each other",
            remedy="counting has no blocks, pace or CPUs and changes nothing here: leave it out",
        )


def _given(options: Load | Conduct) -> Iterator[str]:
    """The options that were given and are not for counting, as they are typed."""
    plain: Any = type(options)()
    for field in fields(options):
        if field.name in _TAKEN[type(options)]:
            continue
        if getattr(options, field.name) != getattr(plain, field.name):
            yield _NAMES.get(field.name, f"--{field.name.replace('_', '-')}")


def _count_to_end(request: Request, counting: Counting, say: Say, purpose: str) -> StoredRun:
    outcome = count_request(request, counting, say)
    if outcome.interrupted:
        raise InterruptedRunError(
            f"stopped before {purpose}", remedy=f"what was counted is in {outcome.folder}"
        )
    say(f"stored in {outcome.folder}")
    return load_run(outcome.folder, counted_too=True)
