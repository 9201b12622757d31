"""Made-up runs to compare with each other. No number in here is a measurement."""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.model.run import Sample
from harness.store import RunWriter
from tests.support.runs import COSTS_NS, made_up_run, made_up_sample

FACTS: dict[str, Any] = {
    "hostname": "h",
    "machine": "h-1",
    "kernel": {
        "release": "6.1.0",
        "version": "#1 SMP",
        "arch": "x86_64",
        "boot_parameters": ["audit=1"],
    },
    "cpu": {"model": "Cyrix 6x86", "online": [0, 1], "allowed": [0, 1]},
}


def write_run(
    folder: Path,
    *,
    seed: int = 1,
    blocks: int = 8,
    drift: float = 1.0,
    costs: Mapping[str, float] | None = None,
    lost_share: float = 0.0,
    plan: Mapping[str, Any] | None = None,
    environment: Mapping[str, Any] | None = None,
    rename: Mapping[str, str] | None = None,
    rules: Mapping[str, list[str]] | None = None,
) -> Path:
    """A run with every time multiplied by `drift`, and that of single scenarios by `costs`.

    `lost_share` of the events of the scenario `rules` did not arrive. `rename` gives scenarios
    another name.
    """
    rename = dict(rename or {})
    with TemporaryDirectory() as scratch:
        stored = made_up_run(Path(scratch) / "m" / "r", blocks=blocks)
    documents = stored.plan.document, stored.environment.document
    documents[0].update(plan or {})
    documents[1]["facts"] = copy.deepcopy(FACTS)
    _merge(documents[1], environment or {})
    for scenario in documents[0]["scenarios"]["udp"]:
        scenario["rules"] = (rules or {}).get(scenario["name"], [])
        scenario["name"] = rename.get(scenario["name"], scenario["name"])
    chance = random.Random(seed)
    with RunWriter(folder) as writer:
        writer.describe(*documents)
        index = 0
        for block in range(blocks + 1):
            # The machine is not the same in every block either.
            wave = drift * chance.uniform(0.8, 1.2)
            for scenario in chance.sample(list(COSTS_NS), len(COSTS_NS)):
                sample = made_up_sample(scenario, block, index, chance)
                sample = _slower(sample, wave * (costs or {}).get(scenario, 1.0))
                if scenario == "rules" and lost_share:
                    sample = _lossy(sample, lost_share)
                writer.append(replace(sample, scenario=rename.get(scenario, scenario)))
                index += 1
    return folder


def _slower(sample: Sample, factor: float) -> Sample:
    metrics = {name: value * factor for name, value in sample.metrics.items()}
    return replace(sample, metrics=metrics, ledger=replace(sample.ledger, suppressed=0))


def _lossy(sample: Sample, share: float) -> Sample:
    generated = sample.ledger.generated or 0
    gone = round(generated * share)
    ledger = replace(sample.ledger, complete=generated - gone, refused=gone, lost=gone)
    return replace(sample, ledger=ledger)


def _merge(document: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, Mapping) and isinstance(document.get(key), dict):
            _merge(document[key], value)
        else:
            document[key] = value
