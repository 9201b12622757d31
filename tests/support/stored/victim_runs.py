"""Made-up runs with a victim. No number in here is a measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store import RunWriter, StoredRun, load_run
from tests.support.samples import bare_sample, ledger_with_loss
from tests.support.stored.two_runs import FACTS

OPS = 3000


@dataclass(frozen=True)
class Felt:
    """What the victim felt in every trial of a scenario, in ms; the shares are percentages, None
    where waiting was not seen.
    """

    p99_ms: float
    longest_ms: float
    waiting: float | None = 0.0
    longest_waiting: float | None = 0.0


def run_with_victim(folder: Path, felt: Mapping[str, Felt], *, blocks: int = 8) -> StoredRun:
    """A run of these scenarios, written and read back; later blocks are a little slower."""
    with RunWriter(folder) as writer:
        writer.describe(_plan(list(felt), blocks), _environment())
        index = 0
        for block in range(blocks + 1):
            for scenario, of in felt.items():
                writer.append(_sample(scenario, of, block, index))
                index += 1
    return load_run(folder)


def _sample(scenario: str, felt: Felt, block: int, index: int) -> Any:
    slower = 1 + block / 1000
    metrics = {
        "victim_latency_p50_ns": 20_000.0 * slower,
        "victim_latency_p99_ns": felt.p99_ms * 1e6 * slower,
        "victim_latency_p999_ns": felt.p99_ms * 2e6 * slower,
        "victim_longest_ns": felt.longest_ms * 1e6 * slower,
    }
    shares = {
        "victim_waiting_percent": felt.waiting,
        "victim_longest_waiting_percent": felt.longest_waiting,
    }
    metrics |= {name: share for name, share in shares.items() if share is not None}
    alone = scenario == "alone"
    longest = round(felt.longest_ms * 1e6)
    latency = {"buckets": [[20_000, OPS - 10], [longest, 10]], "max_ns": longest}
    return bare_sample(
        scenario,
        block,
        metrics if alone else metrics | {"elapsed_ns_per_op": 5000.0},
        workload="connect",
        index=index,
        ops=OPS,
        ledger=ledger_with_loss(0 if scenario in ("alone", "no-audit") else 60_000, 0),
        workload_document={} if alone else {"ops": 60_000, "elapsed_ns": 3_000_000_000},
        victim_document={"ops": OPS, "elapsed_ns": 3_000_000_000, "latency": latency},
        status_before={"backlog_limit": 64},
        backlog_high=0,
    )


def _plan(scenarios: list[str], blocks: int) -> dict[str, Any]:
    return {
        "name": "victim",
        "summary": "made up",
        "kind": "kernel",
        "question": "victim",
        "reference_scenario": "no-audit",
        "workloads": ["connect"],
        "consumers": ["assemble"],
        "blocks": blocks,
        "ops": {"connect": OPS},
        "seed": 1,
        "margin": 0.02,
        "trials": (blocks + 1) * len(scenarios),
        "victim": {"workload": "udp", "rate_per_s": 1000},
        "scenarios": {
            "connect": [
                {
                    "name": name,
                    "rules": [] if name in ("alone", "no-audit") else ["-a always,exit -S connect"],
                    "enabled": 1,
                    "alone": name == "alone",
                }
                for name in scenarios
            ]
        },
    }


def _environment() -> dict[str, Any]:
    return {
        "schema": "auditbench.environment/1",
        "auditbench": "0",
        "facts": FACTS,
        "cpus": {},
        "audit_before": None,
        "ever_enabled": None,
        "cautions": [],
    }
