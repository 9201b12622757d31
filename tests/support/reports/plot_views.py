"""Made-up views that every kind of plot can be drawn of. No number in here is a measurement."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from harness.answers.result import make_view
from harness.model.result import ReportView
from harness.model.run import Ledger, Moment, Sample
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.store import StoredRun
from tests.support.runs import COSTS_NS, OPS, made_up_sample

BLOCKS = 6


def made_up_view(
    change: Callable[[Sample], Sample] = lambda sample: sample,
    *,
    names: Mapping[str, str] | None = None,
    workload: str = "udp",
    costs: Mapping[str, float] | None = None,
) -> ReportView:
    """A view of six blocks with all that a trial can record, each sample as `change` leaves it.

    `names` gives scenarios other names, `costs` multiplies what they cost.
    """
    chance = random.Random(1)
    named = {name: (names or {}).get(name, name) for name in COSTS_NS}
    samples = []
    for block in range(BLOCKS + 1):
        for name in COSTS_NS:
            sample = _full(made_up_sample(name, block, len(samples), chance), chance)
            factor = (costs or {}).get(name, 1.0)
            elapsed = sample.metrics["elapsed_ns_per_op"] * factor
            sample = replace(
                sample,
                workload=workload,
                scenario=named[name],
                metrics=sample.metrics | {"elapsed_ns_per_op": elapsed},
            )
            samples.append(change(sample))
    plan = {
        "name": "overhead",
        "kind": "kernel",
        "reference_scenario": named["no-audit"],
        "workloads": [workload],
        "consumers": ["assemble"],
        "margin": 0.02,
        "scenarios": {
            workload: [
                {"name": name, "rules": [], "stop_after_ms": 50, "stop_for_ms": 100}
                for name in named.values()
            ]
        },
    }
    documents = StoredPlan.read(plan), StoredEnvironment.read({"cautions": []})
    return make_view(StoredRun(Path("/made-up/h-1/run"), *documents, tuple(samples)))


def _full(sample: Sample, chance: random.Random) -> Sample:
    """With user and system apart, the whole machine's CPU, a histogram and a timeline."""
    cpu = sample.metrics["cpu_workload_ns_per_op"]
    metrics = {
        "cpu_workload_user_ns_per_op": 0.25 * cpu,
        "cpu_workload_system_ns_per_op": 0.75 * cpu,
    }
    busy_ns = round(OPS * (sample.metrics["cpu_total_ns_per_op"] + 1000))
    latency = {"buckets": [[6016, 900], [12032, 98], [1048576, 2]], "max_ns": 1_050_000}
    moments = (Moment(0, 0, 0, 0), Moment(250, chance.randrange(9), 0, 4096), Moment(400, 0, 0, 0))
    return replace(
        sample,
        metrics=sample.metrics | metrics,
        machine={"cpu": {"busy_ns": busy_ns}},
        workload_document={"ops": OPS, "elapsed_ns": 300_000_000, "latency": latency},
        victim_document={"ops": OPS, "elapsed_ns": 300_000_000, "latency": latency},
        timeline=moments,
        status_before={"backlog_limit": 64},
    )


def with_ledger(ledger: Ledger, scenario: str = "rules") -> Callable[[Sample], Sample]:
    """Gives every trial of a scenario this ledger."""

    def change(sample: Sample) -> Sample:
        return replace(sample, ledger=ledger) if sample.scenario == scenario else sample

    return change
