"""A search carried out on a simulated host, and the stored run that it would have made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.model.run import Sample, Trial
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.searching import SearchBlocks
from harness.store import StoredRun


class SimulatedHost(Protocol):
    """What makes up a trial."""

    def measure(self, plan: Plan, trial: Trial) -> Sample:
        """The sample of a trial of this plan."""


def search_with(blocks: SearchBlocks, host: SimulatedHost) -> list[Sample]:
    """All samples of a search, which goes to its end."""
    samples = []
    for trials in blocks:
        for trial in trials:
            samples.append(host.measure(blocks.plan, trial))
            blocks.take(samples[-1])
    return samples


def stored_run(plan: Plan, samples: Sequence[Sample], course: dict[str, Any]) -> StoredRun:
    """The run of these samples; `course` is what became of the plan."""
    return StoredRun(
        folder=Path("2026-search"),
        plan=StoredPlan.read({**plan_document(plan), **course}),
        environment=StoredEnvironment.read({"facts": {}}),
        samples=tuple(samples),
    )
