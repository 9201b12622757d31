"""The consumers of a plan: those wanted, and those of them that are on this host."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.consumers.base import ConsumerAbsentError
from harness.errors import UsageError
from harness.model.run import Scenario
from harness.run.plan.file import PlanFile
from harness.run.plan.own_consumers import AskedConsumers, asked_consumers
from harness.run.request import Load


@dataclass(frozen=True, slots=True)
class PlanConsumers:
    """The consumers of all cells that name none, and those that a cell may name itself."""

    consumers: tuple[str, ...]
    allowed: frozenset[str]
    absent: tuple[str, ...]
    asked: AskedConsumers

    def wanted(self, scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
        """The scenarios whose consumer is on this host, and wanted."""
        return tuple(s for s in scenarios if s.consumer is None or s.consumer in self.allowed)


def plan_consumers(load: Load, file: PlanFile) -> PlanConsumers:
    """The consumers of a run.

    A consumer that the plan names and this host lacks is left out; if the user named it, it is a
    ConsumerAbsentError. An unknown name is a UsageError.
    """
    asking = asked_consumers(load, file)
    _require_programs(load.consumer_paths, asking)
    own = tuple(cell.consumer for cell in file.cells if cell.consumer)
    asked = dict.fromkeys(asking.names)
    for name in (*asked, *file.consumers, *own):
        asking.find(name)
    for name in asked:
        asking.find(name).find(load.consumer_paths.get(name))

    def is_here(name: str) -> bool:
        """Whether a consumer's program is on this host."""
        try:
            asking.find(name).find(load.consumer_paths.get(name))
        except ConsumerAbsentError:
            return False
        return True

    optional = [*([] if asked else file.consumers), *own]
    absent = tuple(name for name in dict.fromkeys(optional) if not is_here(name))
    chosen = [name for name in (asked or file.consumers) if name not in absent]
    # Consumers that work without audit belong only to the cells made for them.
    seated = tuple(name for name in chosen if not (asking.find(name).by_tree and name in own))
    if asked:
        # A consumer that works without audit is left out of its own cell unless named.
        own = tuple(name for name in own if name in asked or not asking.find(name).by_tree)
    allowed = frozenset(own) - set(absent)
    if not seated and not allowed:
        raise UsageError(
            "none of the plan's consumers is on this host", remedy="name others with --consumer"
        )
    return PlanConsumers(seated, allowed, absent, asking)


def _require_programs(paths: Mapping[str, Path], asking: AskedConsumers) -> None:
    """UsageError for a path that belongs to no consumer, or where no program is."""
    for name, path in paths.items():
        asking.find(name)
        if not os.access(path, os.X_OK) or path.is_dir():
            where = f"--consumer-path {name}={path}"
            raise UsageError(f"{where}: no program is there", remedy="look there")
