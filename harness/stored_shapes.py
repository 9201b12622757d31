"""The parts of a stored plan and environment that are read again; the rest may be anything."""

from __future__ import annotations

from typing import Literal, Required, TypedDict

from harness.model import Caution


class StoredScenario(TypedDict, total=False):
    name: Required[str]
    rules: list[str]
    interleaved: bool


class StoredPlan(TypedDict, total=False):
    """What is read of a plan again; the rest of it may be anything."""

    kind: Literal["kernel", "replay"]
    reference_scenario: str
    reference_consumer: str
    workloads: list[str]
    consumers: list[str]
    ops: dict[str, int]
    margin: float
    margins: dict[str, float]
    trials: int
    scenarios: dict[str, list[StoredScenario]]


class StoredKernel(TypedDict, total=False):
    release: str
    version: str
    arch: str
    boot_parameters: list[str]


class StoredCpu(TypedDict, total=False):
    model: str
    online: list[int]
    allowed: list[int]


class StoredFacts(TypedDict, total=False):
    hostname: str
    machine: str
    kernel: StoredKernel
    cpu: StoredCpu


class StoredEnvironment(TypedDict, total=False):
    """What is read of an environment again."""

    auditbench: str
    label: str
    facts: StoredFacts
    cpus: dict[str, list[int]]
    cautions: list[Caution]
