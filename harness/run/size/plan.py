"""The plan of a search for the backlog: the load, the rules, and the trials that come first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.analysis.searches.backlog_demand import busiest
from harness.errors import UsageError
from harness.kernel.jiffies import kernel_hz
from harness.model.run import Scenario
from harness.model.searches.size import (
    BURST,
    MOST_RECORDS,
    SATURATED,
    WAIT_S,
    LogDemand,
    Sizing,
)
from harness.run.plan.file import BlockCounts, PlanFile
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Request
from harness.run.searchable import require_paced, require_seen
from harness.run.size.scope import confined

NAME = "size"
DEFAULT_WORKLOAD = "connect"
DEFAULT_CONSUMER = "assemble"
MOST_OPERATIONS = 1_000_000
"""Of a burst, and of a rate in a second: a load is bounded."""
MOST_PAUSE_S = 10.0
MOST_TRIALS = 100
LEAST_MARGIN, MOST_MARGIN = 1.0, 100.0
SATURATED_RECORDS = 1024
"""Small enough that a load soon waits, and no smaller: kauditd wakes one producer per round."""
DEFAULT_HZ = 250

_FILE = PlanFile(
    summary="how large the backlog must be",
    workloads=[DEFAULT_WORKLOAD],
    consumers=(DEFAULT_CONSUMER,),
    question="size",
    blocks=BlockCounts(default=1, fast=1, rigorous=1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """The load that the backlog must hold, in operations, or in events of a log."""

    rate_per_s: float
    burst: int
    pause_s: float = 0.0
    log: LogDemand | None = None


def demand_of_log(files: list[str], tenths: list[tuple[int, int, int]], pause_s: float) -> Demanded:
    """The load that a log shows at its busiest. `tenths` as in `consumer.log.tenths`."""
    most = busiest(tenths)
    events = sum(each[1] for each in tenths)
    records = sum(each[2] for each in tenths)
    log = LogDemand(
        files=tuple(files),
        tenth=most.tenth,
        second=most.second,
        minute=most.minute,
        minute_s=most.minute_s,
        # The kernel ends an event with a record that daemons do not write.
        records_per_event=records / events + 1,
        longer=most.longer,
    )
    return Demanded(rate_per_s=most.rate_per_s, burst=most.burst, pause_s=pause_s, log=log)


def size_plan(request: Request, demanded: Demanded, *, trials: int, margin: float) -> Plan:
    """The plan; UsageError for what cannot be tried, before anything on the host changes."""
    _require_bounds(demanded, trials, margin)
    plan = make_plan(replace(request, plan=NAME), _FILE)
    if len(plan.workloads) != 1 or len(plan.consumers) != 1:
        raise UsageError(
            "a backlog is searched for one load and one consumer",
            remedy="name one --workload and one --consumer",
        )
    (workload,), (consumer,) = plan.workloads, plan.consumers
    require_seen(plan)
    sizing = Sizing(
        workload=workload,
        consumer=consumer,
        rate_per_s=demanded.rate_per_s,
        burst=demanded.burst,
        pause_ms=round(demanded.pause_s * 1000),
        trials=trials,
        margin=margin,
        log=demanded.log,
    )
    rules = plan.scenarios[workload][-1]
    plan = replace(plan, scenarios={workload: (rules,)})
    if sizing.pause_ms:
        plan = confined(plan)
        (rules,) = plan.scenarios[workload]
    plan = replace(
        plan,
        scenarios={workload: (alone(rules), saturated(rules))},
        blocks=1,
        sizing=sizing,
        ops={workload: sizing.burst},
    )
    paced = replace(rules, rate_per_s=sizing.rate_per_s, workload_options={BURST: "2"})
    require_paced(plan, paced)
    return plan


def _require_bounds(demanded: Demanded, trials: int, margin: float) -> None:
    for option, value, most in (
        ("--rate", demanded.rate_per_s, MOST_OPERATIONS),
        ("--burst", demanded.burst, MOST_OPERATIONS),
        ("--trials", trials, MOST_TRIALS),
    ):
        if not 0 < value <= most:
            raise UsageError(f"{option} {value:g} cannot be tried", remedy=f"give 1 to {most:,}")
    if not 0 <= demanded.pause_s <= MOST_PAUSE_S:
        raise UsageError(
            f"--pause {demanded.pause_s:g}s is too long: other programs may wait meanwhile",
            remedy=f"give {MOST_PAUSE_S:g}s at most",
        )
    if not LEAST_MARGIN <= margin <= MOST_MARGIN:
        raise UsageError(
            f"--margin {margin:g} is no margin",
            remedy="give how many times the backlog found, such as 1.5",
        )


def without_limit(rules: Scenario, name: str, summary: str, backlog: int) -> Scenario:
    """The rules with a backlog, without waiting and without a rate limit: what is too much is
    lost at once.
    """
    return replace(
        rules,
        name=name,
        summary=summary,
        backlog_limit=backlog,
        backlog_wait_time=0,
        rate_limit=0,
        failure=0,
        limited_by_plan=True,
        larger_backlog_of="",
    )


def alone(rules: Scenario) -> Scenario:
    """The burst alone."""
    return without_limit(rules, BURST, "the burst alone, with the largest backlog", MOST_RECORDS)


def saturated(rules: Scenario) -> Scenario:
    """The load as fast as waiting lets it."""
    few = without_limit(rules, SATURATED, "the load as fast as waiting lets it", SATURATED_RECORDS)
    return with_waiting(few)


def with_waiting(scenario: Scenario) -> Scenario:
    """The same where the load waits for room, as long as the kernel lets it by default."""
    return replace(scenario, backlog_wait_time=round(WAIT_S * (kernel_hz() or DEFAULT_HZ)))
