"""Made-up runs of the plan `workers`. No number in here is a measurement."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.model.worker_counts import with_workers
from harness.store import RunWriter, StoredRun, load_run
from tests.support.runs import OPS
from tests.support.samples import bare_sample, ledger_with_loss
from tests.support.stored.two_runs import FACTS

REFERENCE, RULES = "no-audit", "rules"


@dataclass(frozen=True)
class Made:
    """Of one number of producers: ns per operation of each with and without rules, what of the
    time is waiting, and the events lost in each trial.
    """

    rules_ns: float
    reference_ns: float = 1000.0
    waited: float = 0.0
    lost: int = 0
    noise: float = 0.002


def run_of_workers(
    folder: Path,
    made: Mapping[int, Made],
    *,
    blocks: int = 8,
    cpus: tuple[int, ...] = (0, 1, 2, 3),
    seed: int = 1,
    **plan: Any,
) -> StoredRun:
    """A run with these numbers of producers, written and read back."""
    chance = random.Random(seed)
    with RunWriter(folder) as writer:
        writer.describe(_plan(made, blocks) | plan, _environment(cpus))
        index = 0
        for block in range(blocks + 1):
            for workers, of in made.items():
                for scenario, cost in ((REFERENCE, of.reference_ns), (RULES, of.rules_ns)):
                    spread = chance.uniform(1 - of.noise, 1 + of.noise)
                    writer.append(_sample(scenario, workers, of, cost * spread, block, index))
                    index += 1
    return load_run(folder)


def _sample(scenario: str, workers: int, of: Made, cost: float, block: int, index: int) -> Any:
    rules = scenario == RULES
    ledger = ledger_with_loss(OPS if rules else 0, of.lost if rules else 0)
    waited_ms = cost * OPS / 1e6 * (of.waited if rules else 0.0)
    return bare_sample(
        with_workers(scenario, workers),
        block,
        {
            # All producers at once: each has spent `cost` on each of its operations.
            "elapsed_ns_per_op": cost / workers,
            "cpu_total_ns_per_op": cost * 1.1,
        },
        index=index,
        ops=OPS,
        ledger=replace(ledger, waited_ms=waited_ms),
        workload_document={"ops": OPS},
        status_before={"backlog_limit": 8192},
        backlog_high=100 * workers if rules else 0,
    )


def _plan(made: Mapping[int, Made], blocks: int) -> dict[str, Any]:
    return {
        "name": "workers",
        "summary": "made up",
        "kind": "kernel",
        "question": "scaling",
        "reference_scenario": REFERENCE,
        "workloads": ["udp"],
        "consumers": ["assemble"],
        "blocks": blocks,
        "ops": {"udp": OPS},
        "seed": 1,
        "margin": 0.02,
        "trials": (blocks + 1) * 2 * len(made),
        "worker_counts": list(made),
        "scenarios": {
            "udp": [
                {
                    "name": with_workers(name, workers),
                    "rules": ["-a always,exit -S connect"] if name == RULES else [],
                    "enabled": 1,
                    "workers": workers,
                    "reference": with_workers(REFERENCE, workers),
                }
                for workers in made
                for name in (REFERENCE, RULES)
            ]
        },
    }


def _environment(cpus: tuple[int, ...]) -> dict[str, Any]:
    cpu = {**FACTS["cpu"], "online": list(cpus), "allowed": list(cpus)}
    pinned = {"workload": list(cpus), "consumer": [cpus[-1]]} if len(cpus) > 1 else {}
    return {
        "schema": "auditbench.environment/1",
        "auditbench": "0",
        "facts": {**FACTS, "cpu": cpu},
        "cpus": pinned,
        "audit_before": None,
        "ever_enabled": None,
        "cautions": [],
    }
