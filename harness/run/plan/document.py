"""A plan as it is stored beside the samples."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.run.plan.plan import Plan
from harness.run.plan.scenario import scenario_document
from harness.run.plan.services import stored_services
from harness.run.trials.validity import rule_document


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as stored beside the samples: enough to repeat the same run."""
    return {
        "name": plan.name,
        "summary": plan.summary,
        "kind": plan.kind,
        "instrument": plan.instrument,
        "question": plan.question,
        "reference_scenario": plan.reference.scenario,
        "reference_consumer": plan.reference.consumer,
        "workloads": list(plan.workloads),
        "consumers": list(plan.consumers),
        "blocks": plan.blocks,
        "ops": dict(plan.ops),
        "seed": plan.seed,
        "backwards": plan.backwards,
        "margin": plan.margin,
        "margins": dict(plan.margins),
        "invalid": rule_document(plan.invalid, plan.retries),
        "until_ci": plan.until_ci,
        "max_time_s": plan.max_time_s,
        "workers": plan.workers,
        "worker_counts": list(plan.worker_counts),
        "rate_per_s": plan.rate_per_s,
        "auid": plan.auid,
        "login": msgspec.to_builtins(plan.login),
        "matching": msgspec.to_builtins(plan.matching),
        "workload_options": dict(plan.workload_options),
        "command": list(plan.command),
        "services": msgspec.to_builtins(stored_services(plan.services)),
        "allow_failures": plan.allow_failures,
        "excluded_program": plan.excluded.document() if plan.excluded is not None else None,
        "soak": msgspec.to_builtins(plan.soak),
        "published": msgspec.to_builtins(plan.published),
        "victim": msgspec.to_builtins(plan.victim),
        "profiling": msgspec.to_builtins(plan.profiling),
        "sizing": msgspec.to_builtins(plan.sizing),
        "capacity": msgspec.to_builtins(plan.capacity),
        "scenarios": {
            workload: [scenario_document(scenario) for scenario in scenarios]
            for workload, scenarios in plan.scenarios.items()
        },
    }
