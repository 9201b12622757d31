"""Counted runs that no guest made. No number in here is a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.model.count import INSTRUCTIONS
from harness.store import RunWriter
from tests.support.samples import bare_sample

KERNEL = "6.1.0-x"
BASIC: Mapping[str, Sequence[float]] = {
    "no-audit": (300.0, 300.02),
    "no-rules": (500.0, 500.0),
    "site": (820.5, 820.3),
}
"""By scenario the count of each boot: they lie 0.2 instructions apart at most."""


def counted_run(
    folder: Path,
    counts: Mapping[str, Sequence[float]] = BASIC,
    *,
    kernels: Mapping[str, float] | None = None,
    metrics: Mapping[str, float] | None = None,
    invalid: Mapping[str, str] | None = None,
    rules: Mapping[str, Sequence[str]] | None = None,
    planned: int | None = None,
    sha256: str = "ab" * 32,
    environment: Mapping[str, Any] | None = None,
) -> Path:
    """A stored run of these counts in each boot; its folder.

    `kernels` and `metrics` are names, each with what its counts are multiplied by; `invalid` says
    by scenario why its trials are not used.
    """
    kernels, metrics = kernels or {KERNEL: 1.0}, metrics or {INSTRUCTIONS: 1.0}
    invalid, rules = invalid or {}, rules or {}
    boots = max(map(len, counts.values()), default=0)
    samples = [
        bare_sample(
            scenario,
            boot + 1,
            {
                name: values[boot] * of_kernel * of_metric
                for name, of_metric in metrics.items()
                if scenario not in invalid
            },
            workload="syscalls",
            consumer="none",
            kernel=kernel,
            valid=scenario not in invalid,
            invalid_reason=invalid.get(scenario, ""),
        )
        for kernel, of_kernel in kernels.items()
        for boot in range(boots)
        for scenario, values in counts.items()
        if boot < len(values)
    ]
    scenarios = [{"name": name, "rules": list(rules.get(name, ()))} for name in counts]
    plan = {
        "name": "overhead",
        "instrument": "counted",
        "reference_scenario": "no-audit",
        "workloads": ["syscalls"],
        "trials": len(samples) if planned is None else planned,
        "scenarios": {"syscalls": scenarios},
    }
    guests = [
        {"name": kernel, "kernel": kernel, "kernel_version": "#1", "sha256": sha256,
         "source": f"{kernel}.deb", "emulator": "an emulator"}
        for kernel in kernels
    ]  # fmt: skip
    with RunWriter(folder) as writer:
        for index, sample in enumerate(samples):
            writer.append(replace(sample, index=index))
        writer.describe(plan, {"auditbench": "1.0", "guests": guests, **(environment or {})})
    return folder
