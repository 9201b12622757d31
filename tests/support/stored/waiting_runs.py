"""Made-up runs of rules that waited for room in the backlog. No number is a measurement."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from harness.store import PLAN, SAMPLES
from tests.support.runs import OPS
from tests.support.stored.altered_runs import Change, altered_run


def waited(scenario: str, share: float, *, workers: int = 1, limit: int = 64) -> Change:
    """The producers of a scenario waited so much of their time, each of them."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == scenario:
            elapsed_ms = sample["metrics"]["elapsed_ns_per_op"] * OPS / 1e6
            sample["ledger"]["waited_ms"] = elapsed_ms * workers * share
            sample["status_before"] = {"backlog_limit": limit}
            # Who waits has made an event.
            sample["ledger"] |= {"generated": OPS, "complete": OPS, "suppressed": 0}

    return change


def run_with_further_cells(
    folder: Path, *changes: Change, factors: dict[str, float], **plan: Any
) -> Path:
    """A made-up run in which these scenarios were measured with a larger backlog as well, where
    they cost `factors` times as much; the changes come before and after that.
    """
    altered_run(folder, *changes)
    path = folder / SAMPLES
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    further = [
        _with_larger_backlog(document, factors[document["scenario"]], len(documents) + place)
        for place, document in enumerate(documents)
        if document["scenario"] in factors
    ]
    for document in further:
        for change in changes:
            change(document)
    path.write_text("".join(json.dumps(each) + "\n" for each in (*documents, *further)))
    document = tomllib.loads((folder / PLAN).read_text(encoding="utf-8")) | plan
    document["scenarios"]["udp"] += [
        {"name": f"{name}+backlog-8192", "larger_backlog_of": name} for name in factors
    ]
    document["trials"] += len(further)
    (folder / PLAN).write_text(tomli_w.dumps(document), encoding="utf-8")
    return folder


def _with_larger_backlog(sample: dict[str, Any], factor: float, index: int) -> dict[str, Any]:
    metrics = {name: value * factor for name, value in sample["metrics"].items()}
    return {
        **sample,
        "index": index,
        "scenario": f"{sample['scenario']}+backlog-8192",
        "metrics": metrics,
        "ledger": {**sample["ledger"], "waited_ms": 0.0},
        "status_before": {"backlog_limit": 8192},
    }
