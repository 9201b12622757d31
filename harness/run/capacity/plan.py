"""The plan of a search for the capacity: the load, the rules, and the trials that come first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import UsageError
from harness.model.run import Scenario
from harness.model.searches.capacity import FLAT_OUT, MOST_BACKLOG, CapacitySearch, tried_scenario
from harness.run.plan.file import BlockCounts, PlanFile
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.services import info_of
from harness.run.request import Request
from harness.run.searchable import require_paced, require_seen
from harness.run.size.plan import without_limit
from harness.run.size.scope import confined

NAME = "capacity"
DEFAULT_WORKLOAD = "connect"
DEFAULT_CONSUMER = "assemble"
DEFAULT_RULES = "rules"
DEFAULT_BACKLOG = 8192
"""Where neither the command line nor the rules have another."""
MOST_RETRIAL_S = 3600.0

_FILE = PlanFile(
    summary="how much rules and consumers can take",
    workloads=[DEFAULT_WORKLOAD],
    scenarios=[DEFAULT_RULES],
    consumers=(DEFAULT_CONSUMER,),
    question="capacity",
    blocks=BlockCounts(default=1, fast=1, rigorous=1),
)


def capacity_plan(request: Request, *, backlog: int | None, retrial_s: float) -> Plan:
    """The plan; UsageError for what cannot be tried, before anything on the host changes."""
    _require_bounds(backlog, retrial_s)
    plan = make_plan(replace(request, plan=NAME), _FILE)
    if len(plan.workloads) != 1:
        raise UsageError(
            "a capacity is searched for one load at a time", remedy="name one --workload"
        )
    (workload,) = plan.workloads
    require_seen(plan)
    measured = _rules(plan.scenarios[workload], of_files=bool(request.subject.rule_files))
    plan = confined(replace(plan, scenarios={workload: measured}))
    search = CapacitySearch(
        workload=workload,
        rules={each.name: backlog or _own_backlog(each) for each in measured},
        consumers=plan.consumers,
        retrial_s=retrial_s,
    )
    plan = replace(
        plan,
        scenarios={
            workload: tuple(
                flat_out(each, consumer)
                for each in plan.scenarios[workload]
                for consumer in plan.consumers
            )
        },
        blocks=1,
        # Half of what is usual: its records are to fit into the largest backlog.
        ops={workload: max(info_of(workload, plan.services).fast_ops // 2, 1)},
        capacity=search,
    )
    first = plan.scenarios[workload][0]
    require_paced(plan, replace(first, rate_per_s=100.0))
    return plan


def _require_bounds(backlog: int | None, retrial_s: float) -> None:
    if backlog is not None and not 1 <= backlog <= MOST_BACKLOG:
        raise UsageError(
            f"--backlog {backlog} cannot be tried", remedy=f"give 1 to {MOST_BACKLOG:,} records"
        )
    if not 0 <= retrial_s <= MOST_RETRIAL_S:
        raise UsageError(
            f"--confirm {retrial_s:g}s is too long", remedy=f"give {MOST_RETRIAL_S:g}s at most"
        )


def _rules(scenarios: Sequence[Scenario], *, of_files: bool) -> tuple[Scenario, ...]:
    """The scenarios that are asked about; UsageError where none has a rule."""
    found = tuple(each for each in scenarios if each.rules and (each.file or not of_files))
    if not found:
        raise UsageError("no rule is loaded, so no event is made", remedy="name another --rules")
    return found


def _own_backlog(rules: Scenario) -> int:
    return min(rules.backlog_limit or DEFAULT_BACKLOG, MOST_BACKLOG)


def flat_out(rules: Scenario, consumer: str) -> Scenario:
    """The load as fast as it can, with the largest backlog, so that nothing is in its way."""
    name = tried_scenario(rules.name, consumer, FLAT_OUT)
    summary = "as fast as it can, with the largest backlog"
    return replace(without_limit(rules, name, summary, MOST_BACKLOG), consumer=consumer)
