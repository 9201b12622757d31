"""Whether a plan can be searched with: its consumers must show loss, its load must keep a rate."""

from __future__ import annotations

from dataclasses import replace

from harness.errors import UsageError
from harness.model.run import Scenario
from harness.run.plan.plan import Plan
from harness.run.plan.services import info_of


def require_seen(plan: Plan) -> None:
    """UsageError for a consumer that does not tell what arrived."""
    for consumer in plan.consumers:
        if not plan.consumer(consumer).sees_events:
            raise UsageError(
                f"{consumer} does not tell which events arrived, so no loss can be seen",
                remedy="name another --consumer: `auditbench list consumers`",
            )


def require_paced(plan: Plan, paced: Scenario) -> None:
    """UsageError where the one load of the plan cannot be made as this scenario paces it."""
    (workload,) = plan.workloads
    if not info_of(workload, plan.services).paced:
        raise UsageError(
            f"{workload} cannot be held at a --rate: it goes as fast as it can",
            remedy="name another --workload, such as connect",
        )
    load = replace(plan, scenarios={workload: (paced,)})
    load.worker_words(load.cells()[0], 2).refuse_bad()
