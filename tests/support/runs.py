"""Made-up runs for tests of what comes after measuring. No number in here is a measurement."""

from __future__ import annotations

import math
import random
from pathlib import Path

from harness.model.run import Ledger, Sample, Trial
from harness.run.blocks import RunBlocks
from harness.run.plan.plan import Plan, make_plan
from harness.run.runner import Silence, run_trials
from harness.run.trials.sample import sample_of
from harness.store import RunWriter, StoredRun, load_run
from tests.support.requests import asked
from tests.support.samples import UNKNOWN

COSTS_NS = {
    "no-audit": 6_000.0,
    "no-audit-aa": 6_000.0,
    "disabled": 6_400.0,
    "no-rules": 6_100.0,
    "rules": 15_000.0,
    "rules+exclude-exe": 7_200.0,
}
OPS = 1000


def made_up_sample(scenario: str, block: int, index: int, chance: random.Random) -> Sample:
    """One sample; `rules` yields one event per operation."""
    elapsed = COSTS_NS[scenario] * chance.uniform(0.995, 1.005)
    events = OPS if scenario == "rules" else 0
    return Sample(
        index=index,
        workload="udp",
        scenario=scenario,
        consumer="assemble",
        block=block,
        position=index % len(COSTS_NS),
        seed=1,
        ops=OPS,
        started_at="2026-01-01T00:00:00.000+00:00",
        duration_ns=10**8,
        metrics={
            "elapsed_ns_per_op": elapsed,
            "cpu_total_ns_per_op": elapsed * 1.2,
            "cpu_workload_ns_per_op": elapsed * 0.9,
            "cpu_consumer_ns_per_op": 3_000.0 if events else 0.0,
            "cpu_kauditd_ns_per_op": 2_000.0 if events else 0.0,
        },
        ledger=Ledger(
            generated=events,
            complete=events,
            partial=0,
            lost=0,
            missing_records=0,
            refused=0,
            vanished=0,
            unexplained=0,
            received_records=4 * events,
            duplicate_records=0,
            late_records=0,
            after_marker_events=0,
            socket_drops=0,
            enobufs=0,
            waited_ms=0.0,
        ),
        warm_up=block == 0,
        workload_document={"ops": OPS},
        consumer_document={"records": 4 * events},
    )


def made_up_run(folder: Path, blocks: int = 6) -> StoredRun:
    """A whole run, written and read back."""
    chance = random.Random(1)
    plan = {
        "name": "overhead",
        "summary": "made up",
        "kind": "kernel",
        "reference_scenario": "no-audit",
        "workloads": ["udp"],
        "consumers": ["assemble"],
        "blocks": blocks,
        "ops": {"udp": OPS},
        "seed": 1,
        "margin": 0.02,
        "trials": (blocks + 1) * len(COSTS_NS),
        "scenarios": {"udp": [{"name": name, "rules": []} for name in COSTS_NS]},
    }
    environment = {
        "schema": "auditbench.environment/1",
        "auditbench": "0",
        "facts": {"hostname": "h", "machine": "h-1", "kernel": {}, "cpu": {}},
        "cpus": {},
        "audit_before": None,
        "ever_enabled": None,
        "cautions": [],
    }
    with RunWriter(folder) as writer:
        writer.describe(plan, environment)
        index = 0
        for block in range(blocks + 1):
            for scenario in chance.sample(list(COSTS_NS), len(COSTS_NS)):
                writer.append(made_up_sample(scenario, block, index, chance))
                index += 1
    return load_run(folder)


METRIC = "elapsed_ns_per_op"


def planned(**wanted: object) -> Plan:
    return make_plan(asked(**{"workloads": ("udp",), "scenarios": ("rules",), "seed": 3} | wanted))


class MadeUpMachine:
    """A machine whose trials take a minute and scatter by so much."""

    def __init__(self, spread: float, factor: float = 1.0) -> None:
        self.now_s = 0.0
        self.spread, self.factor = spread, factor
        self.chance = random.Random(1)
        self.saved: list[Sample] = []

    def measure(self, trial: Trial) -> Sample:
        self.now_s += 60
        value = 1000 * math.exp(self.chance.gauss(0, self.spread))
        return sample_of(
            trial,
            metrics={METRIC: value * (self.factor if trial.cell.scenario == "rules" else 1)},
            ledger=UNKNOWN,
        )

    def run(self, made: Plan) -> RunBlocks:
        run_blocks = RunBlocks(made, METRIC, clock=lambda: self.now_s)
        run_trials(run_blocks, self.measure, self.saved.append, Silence())
        return run_blocks
