"""The plan of a stored run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from harness.model.matching import Login, RuleMatches
from harness.model.numbers import Count, Margin, Rate
from harness.model.question import Question, question_of
from harness.model.reference import (
    DEFAULT_MARGIN,
    Margins,
    Reference,
    every_scenario,
    own_references,
)
from harness.model.run import Cell
from harness.model.searches.capacity import CapacitySearch
from harness.model.searches.size import Sizing
from harness.model.stored.base import Stored
from harness.model.stored.profile import Profiling
from harness.model.stored.published import Published
from harness.model.stored.scenario import StoredScenario
from harness.model.stored.service import StoredService
from harness.model.stored.soak import Soak
from harness.model.stored.victim import PRIMARY as VICTIM_PRIMARY
from harness.model.stored.victim import Victim
from workloads.catalog import WORKLOADS

Kind = Literal["kernel", "replay"]
Instrument = Literal["timed", "counted"]
"""Time on this host, or instructions in a guest; nothing compares the one with the other."""
PRIMARY: Mapping[Kind, str] = {
    "kernel": "elapsed_ns_per_op",
    "replay": "cpu_consumer_ns_per_op",
}
"""The metric that a run's answer is about, by the kind of its plan."""
PACED = "cpu_total_ns_per_op"
"""The same where operations are started at a fixed rate: every cell takes the same time there."""


def primary_of(kind: Kind, *, paced: bool, victim: bool = False) -> str:
    """The metric that a run's answer is about; `paced` is a kernel's load at a fixed rate."""
    if victim:
        return VICTIM_PRIMARY
    return PACED if paced and kind == "kernel" else PRIMARY[kind]


class StoredInvalid(msgspec.Struct, frozen=True):
    """The rule by which trials were not used; None is no limit."""

    steal_percent: float | None = None
    pressure_cpu_percent: float | None = None
    pressure_memory_percent: float | None = None
    pressure_io_percent: float | None = None
    slowdown_percent: float | None = None
    retries: Count = 0


class StoredLadder(msgspec.Struct, frozen=True, kw_only=True):
    """The rates that were tried after the blocks, each a scenario."""

    workload: str
    consumers: tuple[str, ...]
    steps: tuple[StoredScenario, ...]
    seconds: float
    trials: Count


class StoredExcludedProgram(msgspec.Struct, frozen=True):
    """The program of `--exclude-exe`. The loads of `workloads` ran from `copy` in its place;
    the rules of the others were about the program itself.
    """

    path: str = ""
    copy: str = ""
    workloads: tuple[str, ...] = ()


class StoredPlan(Stored, frozen=True, kw_only=True):
    """What was measured, how often, and against what. None is what an older run does not say."""

    name: str = ""
    summary: str = ""
    kind: Kind = "kernel"
    instrument: Instrument = "timed"
    asked: Question | None = msgspec.field(name="question", default=None)
    reference_scenario: str | None = None
    reference_consumer: str | None = None
    workloads: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    blocks: Count | None = None
    ops: dict[str, Count] = msgspec.field(default_factory=dict)
    seed: int | None = None
    margin: Margin = DEFAULT_MARGIN
    margin_by_metric: dict[str, Margin] = msgspec.field(name="margins", default_factory=dict)
    invalid: StoredInvalid = StoredInvalid()
    until_ci: float | None = None
    max_time_s: float | None = None
    backwards: bool = False
    trials: Count | None = None
    """How many were planned."""
    workers: Count = 1
    """Where a scenario has no number of its own."""
    worker_counts: tuple[Count, ...] = ()
    """The numbers of workers that are compared; empty where there is but one."""
    rate_per_s: Rate | None = None
    auid: str = "keep"
    login: Login | None = None
    """None where the login uid was not settled beforehand."""
    matching: tuple[RuleMatches, ...] = ()
    workload_options: dict[str, str | int] = msgspec.field(default_factory=dict)
    command: tuple[str, ...] = ()
    services: dict[str, StoredService] = msgspec.field(default_factory=dict)
    """The workloads that are services, by name."""
    allow_failures: bool = False
    excluded_program: StoredExcludedProgram | None = None
    """None: the exclusions are of the load's own interpreter or command."""
    scenarios: dict[str, tuple[StoredScenario, ...]] = msgspec.field(default_factory=dict)
    """By workload."""
    ladder: StoredLadder | None = None
    soak: Soak | None = None
    """How long its one trial of each cell was to last."""
    published: tuple[Published, ...] = ()
    """What others found, each redone by one of its cells."""
    victim: Victim | None = None
    """The innocent load beside the noisy one; `ops` are then its operations."""
    profiling: Profiling | None = None
    """The cells of which kernel stacks were to be sampled after the measured trials."""
    sizing: Sizing | None = None
    """What a search for the backlog is about."""
    capacity: CapacitySearch | None = None
    """What a search for the capacity is about."""

    @property
    def reference(self) -> Reference:
        """What its cells are compared with."""
        own = own_references(every_scenario(self.scenarios))
        return Reference(self.reference_scenario, self.reference_consumer, own)

    @property
    def margins(self) -> Margins:
        """The relative differences that matter."""
        return Margins(self.margin, self.margin_by_metric)

    @property
    def is_replay(self) -> bool:
        """Whether a capture was given to the consumer: what lacks in one was not lost here."""
        return self.kind == "replay"

    @property
    def is_search(self) -> bool:
        """Whether each trial was chosen by what those before it found."""
        return self.capacity is not None or self.sizing is not None

    @property
    def is_counted(self) -> bool:
        """Whether instructions were counted in a guest, not times measured on this host."""
        return self.instrument == "counted"

    @property
    def question(self) -> Question:
        """What the run's answer is to."""
        # Earlier searches for the backlog were stored as asking for loss.
        earlier = self.sizing is not None and self.asked == "loss"
        return "size" if earlier else self.asked or question_of(self.name)

    @property
    def is_paced(self) -> bool:
        """Whether a load was held at a fixed rate, so that its elapsed time says nothing."""
        scenarios = (scenario for group in self.scenarios.values() for scenario in group)
        return self.rate_per_s is not None or any(s.rate_per_s is not None for s in scenarios)

    @property
    def primary(self) -> str:
        """The metric that the run's answer is about."""
        return primary_of(self.kind, paced=self.is_paced, victim=self.victim is not None)

    @property
    def operation(self) -> str:
        """What one operation is called."""
        return "record" if self.is_replay else "operation"

    def operation_of(self, workload: str) -> str:
        """What one operation of a workload is, in words; empty if that is not known."""
        if workload in self.services:
            return self.services[workload].operation
        return WORKLOADS[workload].operation if workload in WORKLOADS else ""

    def seconds_of(self, workload: str) -> float | None:
        """How long each trial of a workload lasts by plan; None where operations are counted."""
        service = self.services.get(workload)
        if service is None or service.per_second is None:
            return None
        return max(round(self.ops.get(workload, 0) / service.per_second), 1)

    def is_whole(self, trials: int) -> bool:
        """Whether so many trials are all that were planned, as far as that is known."""
        return self.trials is None or trials >= self.trials

    def of_workload(self, workload: str) -> tuple[StoredScenario, ...]:
        """The scenarios of a workload, in order; none for one that was not measured."""
        return self.scenarios.get(workload, ())

    def scenario(self, workload: str, name: str | None) -> StoredScenario | None:
        """One scenario of a workload."""
        return next((s for s in self.of_workload(workload) if s.name == name), None)

    def workers_of(self, cell: Cell) -> int:
        """How many processes shared the operations of a cell."""
        scenario = self.scenario(cell.workload, cell.scenario)
        return self.workers if scenario is None else scenario.workers or self.workers
