"""A made-up run of two builds of one consumer. No number in here is a measurement."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.store import RunWriter, StoredRun, load_run
from tests.support.runs import made_up_run, made_up_sample

SCENARIOS = ("no-audit", "no-rules", "rules")
BUILDS = ("mine@base", "mine@head")
COST_NS, MEMORY, DELAY_MS = 4000.0, 40e6, 10.0


def builds_run(
    folder: Path,
    *,
    cpu: float = 1.0,
    memory: float = 1.0,
    delay: float = 1.0,
    lost: int = 0,
    spread: float = 0.01,
    blocks: int = 16,
    seed: int = 1,
) -> StoredRun:
    """A run in which `mine@head` needs so many times what `mine@base` does, with `spread` between
    blocks and `lost` events lost of each trial.
    """
    with TemporaryDirectory() as scratch:
        model = made_up_run(Path(scratch) / "m" / "r", blocks=1)
    plan, environment = dict(model.plan.document), dict(model.environment.document)
    environment["consumers"] = {
        name: {"path": f"/opt/{name}/mine", "version": "sha256 00"} for name in BUILDS
    }
    scenarios = [{"name": name, "rules": []} for name in SCENARIOS]
    plan |= {"consumers": list(BUILDS), "blocks": blocks, "scenarios": {"udp": scenarios}}
    plan["trials"] = (blocks + 1) * len(SCENARIOS) * len(BUILDS)
    chance = random.Random(seed)
    index = 0
    with RunWriter(folder) as writer:
        writer.describe(plan, environment)
        for block in range(blocks + 1):
            wave = math.exp(chance.gauss(0, 0.1))  # the machine of that minute
            for scenario in SCENARIOS:
                for build in BUILDS:
                    sample = made_up_sample(scenario, block, index, chance)
                    index += 1
                    head = build == BUILDS[1]
                    metrics = dict(sample.metrics) | {
                        "consumer_memory_bytes": MEMORY * (memory if head else 1.0)
                    }
                    ledger = sample.ledger
                    if scenario == "rules":
                        factor = wave * math.exp(chance.gauss(0, spread))
                        metrics |= {
                            "cpu_consumer_ns_per_event": COST_NS * factor * (cpu if head else 1.0),
                            "delay_p50_ms": DELAY_MS * factor * (delay if head else 1.0),
                        }
                        if head and lost:
                            complete = (ledger.complete or 0) - lost
                            ledger = replace(ledger, complete=complete, vanished=lost)
                    writer.append(replace(sample, consumer=build, metrics=metrics, ledger=ledger))
    return load_run(folder)
