"""What may stand in a stored run: the parts that are read again, and the numbers that may be there.

Everything of a run that was not measured a moment ago comes from outside. It is held against these
shapes once, as it is read; whoever uses it later can rely on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Required, TypedDict

from msgspec import Meta

from harness.model.result import Caution
from harness.model.run import Count, Whole

LEAST, MOST = 1e-30, 1e30
"""Magnitudes between which a measured number lies, 0 aside: beyond them statistics have no numbers
any more (a ratio of two denormals overflows), and nothing in nature is measured so."""
MOST_DEPTH = 32
"""How deep a document may be nested; those of runs are nested six deep."""

Margin = Annotated[float, Meta(gt=0, le=100)]
Rate = Annotated[float, Meta(gt=0, le=1e9)]
Nanoseconds = Annotated[float, Meta(ge=0, le=1e18)]
Milliseconds = Annotated[int, Meta(ge=0, le=10**9)]


class StoredScenario(TypedDict, total=False):
    name: Required[str]
    summary: str
    rules: list[str]
    interleaved: bool
    enabled: Whole | None
    backlog_limit: Whole | None
    backlog_wait_time: Whole | None
    rate_limit: Whole | None
    failure: Whole | None
    rate_per_s: Rate | None
    stop_after_ms: Milliseconds
    stop_for_ms: Milliseconds
    workload_options: dict[str, str | int]


class StoredInvalid(TypedDict, total=False):
    again: Count


class StoredPlan(TypedDict, total=False):
    """What is read of a plan again; the rest of it may be anything."""

    name: str
    summary: str
    kind: Literal["kernel", "replay"]
    reference_scenario: str
    reference_consumer: str
    workloads: list[str]
    consumers: list[str]
    blocks: Count
    ops: dict[str, Count]
    seed: int
    margin: Margin
    margins: dict[str, Margin]
    invalid: StoredInvalid
    trials: Count
    workers: Count
    rate_per_s: Rate
    auid: str
    workload_options: dict[str, str | int]
    command: list[str]
    scenarios: dict[str, list[StoredScenario]]


class StoredKernel(TypedDict, total=False):
    release: str
    version: str
    arch: str
    boot_parameters: list[str]


class StoredCpu(TypedDict, total=False):
    model: str
    online: list[Count]
    allowed: list[Count]


class StoredFacts(TypedDict, total=False):
    hostname: str
    machine: str
    kernel: StoredKernel
    cpu: StoredCpu


class StoredEnvironment(TypedDict, total=False):
    """What is read of an environment again."""

    auditbench: str
    python: str
    label: str
    started_at: str
    argv: list[str]
    facts: StoredFacts
    cpus: dict[str, list[Count]]
    cautions: list[Caution]


class StoredLatency(TypedDict, total=False):
    buckets: list[tuple[Count, Count]]
    max_ns: Count


class StoredWorkload(TypedDict, total=False):
    """What is read of a workload's document again."""

    ops: Count
    elapsed_ns: Nanoseconds
    latency: StoredLatency | None


class StoredStatus(TypedDict, total=False):
    backlog_limit: Count


class StoredMachineCpu(TypedDict, total=False):
    busy_ns: Nanoseconds


class StoredMachine(TypedDict, total=False):
    cpu: StoredMachineCpu | None


def refuse_extremes(metrics: Mapping[str, float]) -> None:
    """ValueError, by name, for a metric that no statistics can be made of."""
    for name, value in metrics.items():
        if value and not LEAST <= abs(value) <= MOST:
            raise ValueError(f"{value!r} is not a measured value - at `$.metrics.{name}`")


def refuse_extremes_within(document: Any, place: str = "$", depth: int = 0) -> None:
    """The same for every number at any depth of a document, and for one nested too deep."""
    if depth > MOST_DEPTH:
        raise ValueError(f"it is nested too deep - at `{place}`")
    if isinstance(document, dict):
        for key, value in document.items():
            refuse_extremes_within(value, f"{place}.{key}", depth + 1)
    elif isinstance(document, list):
        for index, value in enumerate(document):
            refuse_extremes_within(value, f"{place}[{index}]", depth + 1)
    elif isinstance(document, int | float) and not -MOST <= document <= MOST:
        # Also what is not a number: it compares as nothing.
        raise ValueError(f"{str(document)[:40]} is no number that can be - at `{place}`")
