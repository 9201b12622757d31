"""Stored runs in which one field was replaced by something that nobody would measure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomli_w

from harness.metrics.catalog import METRICS
from harness.store import ENVIRONMENT, PLAN, SAMPLES
from tests.support.reports.plot_views import made_up_view
from tests.support.stored.two_runs import FACTS

Path_ = tuple[str | int, ...]
DEEP = "a place for something nested deep"
_NESTED = "[" * 100_000 + "]" * 100_000

HOSTILE: tuple[Any, ...] = (
    None, True, [], {}, [[]], [{}], {"": None}, "", "x", "\x1b[31m", "1e999", DEEP,
    0, -1, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30, 10**400,
    0.0, -0.0, -1.5, 5e-324, 1e-320, 1e-31, 1e30, 1e308, -1e308, float("inf"), float("nan"),
)  # fmt: skip
"""Values of every kind, those at the ends of what numbers can be among them."""


VICTIM_METRICS = tuple(name for name in METRICS if name.startswith("victim_"))


def documents() -> dict[str, Any]:
    """What a run is made of: the plan, the environment, and one line per trial."""
    view = made_up_view()
    plan = {
        **view.result.plan.document,
        "invalid": {"retries": 1, "steal_percent": 5.0},
        "margins": {"latency_p99_ns": 0.05},
        "workload_options": {"address": "127.0.0.1"},
        "rate_per_s": 100.0,
        "command": ["true"],
        "seed": 1,
        "auid": "keep",
        "workers": 1,
        "victim": {"workload": "files", "rate_per_s": 5},
        "soak": {"seconds": 60.0, "rate_per_s": 5},
        "profiling": {
            "cells": [{"workload": "udp", "scenario": "rules", "consumer": "assemble"}],
            "samples": 5,
        },
        "published": [
            {
                **dict.fromkeys(("name", "source", "set_up", "found", "why"), "w"),
                "ratio": 2.0,
                "workload": "udp",
                "scenario": "rules",
                "metric": "elapsed_ns_per_op",
            }
        ],
    }
    environment = {
        **view.result.host.document,
        "argv": ["auditbench", "run"],
        "label": "l",
        "started_at": "2026-01-01T00:00:00+00:00",
        "python": "3",
        "ever_enabled": {"state": "never"},
        "facts": {**copy.deepcopy(FACTS), "load": {"memory_bytes": 1}, "platform": {}},
        "cpus": {"workload": [0]},
        "cautions": [{"name": "n", "what": "w", "remedy": "r"}],
    }
    samples = [json.loads(json.dumps(asdict(sample))) for sample in view.samples]
    for sample in samples:
        sample["metrics"] |= dict.fromkeys(VICTIM_METRICS, 5.0)
        sample["soak"] = [[1000 * second, 4096, 5.0, 6.0] for second in range(20)]
    return {"plan": plan, "environment": environment, "samples": samples}


def paths(document: Any, *, depth: int = 5) -> Iterator[Path_]:
    """Every place of a document, of lists the first entry only."""
    if depth == 0:
        return
    entries = document.items() if isinstance(document, dict) else ()
    if isinstance(document, list) and document:
        entries = [(0, document[0])]
    for key, value in entries:
        yield (key,)
        yield from ((key, *rest) for rest in paths(value, depth=depth - 1))


def put(document: Any, path: Path_, value: Any) -> None:
    """Replace what stands at a place."""
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value


def write(folder: Path, run: dict[str, Any]) -> Path:
    """Write a run as it is, whatever is in it; its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(sample) + "\n" for sample in run["samples"])
    (folder / SAMPLES).write_text(_deep(lines))
    (folder / ENVIRONMENT).write_text(_deep(json.dumps(run["environment"])))
    (folder / PLAN).write_text(_deep(tomli_w.dumps(_without_none(run["plan"]))))
    return folder


def _deep(text: str) -> str:
    return text.replace(json.dumps(DEEP), _NESTED)


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(v) for key, v in value.items() if v is not None}
    return [_without_none(v) for v in value if v is not None] if isinstance(value, list) else value
