"""A plan: cells, number of blocks, and load, from a TOML file and the command line.

Every error of a request is found here, before anything on the host changes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.answers.quantities import parse_duration_s, parse_share
from harness.consumers.base import Consumer
from harness.consumers.catalog import find_consumer
from harness.model.matching import Login, RuleMatches
from harness.model.question import Question
from harness.model.reference import Reference, every_scenario, own_references
from harness.model.run import Cell, Scenario
from harness.model.searches.capacity import CapacitySearch
from harness.model.searches.size import Sizing
from harness.model.stored.plan import Instrument
from harness.model.stored.profile import Profiling
from harness.model.stored.published import Published
from harness.model.stored.soak import Soak
from harness.model.stored.victim import Victim
from harness.run.plan.consumers import plan_consumers
from harness.run.plan.exclusion import ExcludedProgram
from harness.run.plan.file import AUTO, Kind, PlanFile, load_plan_file
from harness.run.plan.options import (
    LEAST_SEED,
    MOST_SEED,
    blocks_of,
    check_cell_options,
    given,
    margins_of,
    one_number_of_workers,
    ops_of,
    seed_of,
    workload_options,
)
from harness.run.plan.scenario import left_out_lines, read_rule_files, where_defined
from harness.run.plan.selection import (
    Base,
    excluded_of,
    first_asked,
    first_scenarios,
    left_out_scenarios,
    measures_rules_in_cells,
    scenarios_of,
    workloads_of,
)
from harness.run.plan.services import Services, excluded_program_of, info_of
from harness.run.plan.soak import ops_in_warm_up, ops_of_soak, soak_of
from harness.run.plan.victim import MOST_OPS, ops_of_victim, victim_of, victim_words, with_alone
from harness.run.plan.worker_counts import worker_counts
from harness.run.request import Request
from harness.run.trials.worker_words import WorkerWords, refuse_bad_loads, replayed
from workloads.catalog import WorkloadInfo


@dataclass(frozen=True, slots=True)
class Plan:
    """A run with every choice made."""

    name: str
    summary: str
    kind: Kind
    question: Question
    """What its answer is to."""
    reference: Reference
    workloads: tuple[str, ...]
    scenarios: Mapping[str, tuple[Scenario, ...]]
    """By workload: a scenario may name the workload's noisy syscall."""
    consumers: tuple[str, ...]
    blocks: int
    ops: Mapping[str, int]
    seed: int
    margin: float
    margins: Mapping[str, float] = field(default_factory=dict)
    invalid: Mapping[str, float] = field(default_factory=dict)
    """Limits of disturbance, by metric: a trial above one is not used."""
    retries: int = 0
    """How often a disturbed trial is repeated."""
    until_ci: float | None = None
    max_time_s: float | None = None
    backwards: bool = False
    workers: int = 1
    """Where a scenario has no number of its own."""
    worker_counts: tuple[int, ...] = ()
    """The numbers of workers that are compared; empty where there is but one."""
    rate_per_s: float | None = None
    auid: str = "keep"
    auid_free: bool = False
    """Whether the login uid is to be chosen by the rules; `run.plan.login` does that."""
    login: Login | None = None
    """The login uid of all loads, once it is settled."""
    matching: tuple[RuleMatches, ...] = ()
    """How many rules of each scenario the loads can match under it."""
    workload_options: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    services: Services = field(default_factory=dict)
    """The workloads that are services, by name."""
    allow_failures: bool = False
    """Whether a command that fails is measured all the same."""
    absent: tuple[str, ...] = ()
    """Consumers of the plan that are not on this host; they are left out."""
    consumer_paths: Mapping[str, Path] = field(default_factory=dict)
    """Programs of consumers to use instead of those on the PATH."""
    own_consumers: Mapping[str, Consumer] = field(default_factory=dict)
    """Those that only this run has, by name."""
    first: Mapping[str, tuple[Scenario, ...]] = field(default_factory=dict)
    """By workload: the states that only a fresh boot can show, for `with_first`."""
    excluded: ExcludedProgram | None = None
    """The program of `--exclude-exe`; None excludes the load's own interpreter."""

    left_out: tuple[str, ...] = ()
    """What was asked for and is left out, in lines."""
    instrument: Instrument = "timed"
    victim: Victim | None = None
    """The innocent load beside the noisy ones; the operations of a trial are then its own."""
    soak: Soak | None = None
    """One long trial of each cell, at a rate."""
    published: tuple[Published, ...] = ()
    """What others found, each redone by one of the cells."""
    sizing: Sizing | None = None
    """What a search for the backlog is about; its cells follow from each other."""
    capacity: CapacitySearch | None = None
    """The same of a search for the capacity."""
    profiling: Profiling | None = None
    """The cells of which kernel stacks are sampled after the measured trials."""
    first_asked: tuple[str, ...] = ()
    """The states asked for by name that only a fresh boot can show."""

    def run_from(self, copy: Path) -> Plan:
        """The same with the loads run from `copy`, in the place of the program to exclude."""
        if self.excluded is None:
            return self
        excluded = self.excluded.copied_to(copy)
        return replace(
            self,
            excluded=excluded,
            scenarios=excluded.in_cells(self.scenarios),
            first=excluded.in_cells(self.first),
        )

    def executable_of(self, workload: str) -> str | None:
        """The file that a workload's load is run from; None for the interpreter itself."""
        if self.excluded is None or workload not in self.excluded.workloads:
            return None
        return self.excluded.copy or None

    def without_first(self) -> Plan:
        """The same; what was asked for that only a fresh boot can show is said to be left out."""
        if not self.first_asked:
            return self
        names = ", ".join(self.first_asked)
        line = f"asked for by name and left out, because audit was enabled since the boot: {names}"
        return replace(self, left_out=(*self.left_out, line))

    def with_first(self) -> Plan:
        """The same with the states that only a fresh boot can show, before all others."""
        scenarios = {name: (*self.first.get(name, ()), *s) for name, s in self.scenarios.items()}
        return replace(self, scenarios=scenarios)

    def narrowed(
        self,
        *,
        workloads: Collection[str],
        scenarios: Collection[str],
        consumers: Collection[str],
    ) -> Plan:
        """The same for these only, in the order of the next seed; nothing is read again."""
        names = tuple(name for name in self.workloads if name in workloads)
        kept = tuple(name for name in self.consumers if name in consumers) or self.consumers

        def chosen(groups: Mapping[str, tuple[Scenario, ...]]) -> dict[str, tuple[Scenario, ...]]:
            found = {name: groups.get(name, ()) for name in names}
            return {n: tuple(s for s in group if s.name in scenarios) for n, group in found.items()}

        return replace(
            self,
            workloads=names,
            scenarios=chosen(self.scenarios),
            first=chosen(self.first),
            consumers=kept,
            ops={name: self.ops[name] for name in names},
            seed=self.seed + 1 if self.seed < MOST_SEED else LEAST_SEED,
        )

    def scenario_of(self, cell: Cell) -> Scenario:
        """The scenario of a cell."""
        by_name = {scenario.name: scenario for scenario in self.scenarios.get(cell.workload, ())}
        return by_name[cell.scenario]

    def ops_in(self, workload: str, block: int) -> int:
        """The operations of a trial in this block; 0 is the warm-up."""
        if self.soak is not None and not block:
            return ops_in_warm_up(self.soak)
        return self.ops[workload]

    def worker_words(self, cell: Cell, ops: int) -> WorkerWords:
        """The command line of the worker of a trial of this cell."""
        scenario = self.scenario_of(cell)
        return WorkerWords(
            workload=cell.workload,
            ops=ops if self.victim is None else MOST_OPS,
            auid=self.auid,
            workers=scenario.workers or self.workers,
            rate_per_s=scenario.rate_per_s or self.rate_per_s,
            options={**self.workload_options, **scenario.workload_options},
            command=self.command,
            service=self.services.get(cell.workload),
        )

    @property
    def is_paced(self) -> bool:
        """Whether a load of the blocks is held at a fixed rate."""
        rates = (scenario.rate_per_s for scenario in every_scenario(self.scenarios))
        return any(rate is not None for rate in (self.rate_per_s, *rates))

    def cells(self) -> list[Cell]:
        """Every cell, in the order in which the tables show them."""
        return [
            Cell(workload, scenario.name, consumer)
            for workload in self.workloads
            for scenario in self.scenarios[workload]
            for consumer in self._consumers_of(scenario)
        ]

    def all_consumers(self) -> set[str]:
        """Every consumer of a cell."""
        return {cell.consumer for cell in self.cells()}

    def consumer(self, name: str) -> Consumer:
        """The adapter of a consumer."""
        return self.own_consumers.get(name) or find_consumer(name)

    def _consumers_of(self, scenario: Scenario) -> tuple[str, ...]:
        # In a state that must not be touched, no consumer can register.
        if scenario.enabled is None:
            return ("none",)
        return (scenario.consumer,) if scenario.consumer else self.consumers


def make_plan(request: Request, file: PlanFile | None = None) -> Plan:
    """The plan of a request. Its files are read here, each once, and not again.

    `file` is the request's plan file where it has been read already.
    """
    file = file or load_plan_file(request.plan)
    load = request.load
    named = workloads_of(request, file)
    workloads, services = named.names, named.services
    infos = {name: info_of(name, services) for name in workloads}
    chosen = plan_consumers(load, file)
    check_cell_options(file, infos)
    margin, margins = margins_of(load.margins, file)
    files = () if file.kind == "replay" else request.subject.rule_files
    exclude_exe = request.subject.exclude_exe
    excluded = excluded_of(request, infos)
    rules = read_rule_files(
        files,
        ignore_lock=load.ignore_lock,
        skip_missing=load.skip_missing,
        elsewhere=request.instrument == "counted",
        exclude_exe=exclude_exe,
    )
    bases = {name: Base(infos[name], excluded_program_of(name, services)) for name in workloads}
    bound = {
        name: chosen.wanted(scenarios_of(request, file, each, rules))
        for name, each in bases.items()
    }
    if excluded is not None:
        excluded.require_use(scenario for group in bound.values() for scenario in group)
    first = {
        name: chosen.wanted(first_scenarios(request, file, each)) for name, each in bases.items()
    }
    left_out = left_out_scenarios(request, bound)
    workers = worker_counts(request, file)
    victim, soak = victim_of(request, file, workloads), soak_of(request, file)
    if victim is not None:
        bound = {name: with_alone(group, file.reference) for name, group in bound.items()}
    bound, first = workers.across(bound, file.reference), workers.across(first, file.reference)
    own_reference = own_references((*every_scenario(bound), *every_scenario(first)))
    # The login uid of a plan is that of its own rules.
    own = AUTO if files and measures_rules_in_cells(file) else file.auid
    auid = own if load.auid is None else load.auid
    plan = Plan(
        name=request.plan if request.plan.isidentifier() else Path(request.plan).stem,
        summary=file.summary,
        kind=file.kind,
        instrument=request.instrument,
        question=file.question if victim is None else "victim",
        victim=victim,
        soak=soak,
        published=file.published,
        reference=Reference(file.reference, file.reference_consumer, own_reference),
        workloads=workloads,
        scenarios=bound,
        consumers=chosen.consumers,
        blocks=blocks_of(load, file) if soak is None else 1,
        ops={name: _ops(request, file, info, victim, soak) for name, info in infos.items()},
        seed=seed_of(load.seed),
        margin=margin,
        margins=margins,
        invalid=file.invalid.given(),
        retries=file.invalid.retries,
        backwards=file.backwards,
        until_ci=given(parse_share, "--until-ci", load.until_ci),
        max_time_s=given(parse_duration_s, "--max-time", load.max_time),
        workers=one_number_of_workers(load, file),
        worker_counts=workers.counts,
        rate_per_s=load.rate_per_s if soak is None else soak.rate_per_s,
        auid="keep" if auid == AUTO else auid,
        auid_free=auid == AUTO,
        workload_options=workload_options(load.workload_options.given(), infos),
        command=request.command,
        services=services,
        allow_failures=load.allow_failures,
        absent=chosen.absent,
        consumer_paths=load.consumer_paths,
        own_consumers=chosen.asked.own,
        first=first,
        excluded=excluded,
        left_out=(*left_out_lines(rules), *left_out, *workers.left_out),
        first_asked=first_asked(request),
    )
    refuse_bad_loads(_loads(plan))
    return plan


def _ops(
    request: Request, file: PlanFile, info: WorkloadInfo, victim: Victim | None, soak: Soak | None
) -> int:
    """The operations of a trial: of its victim, where it has one."""
    if victim is not None:
        return ops_of_victim(victim, request, file)
    return ops_of(request.load, file, info) if soak is None else ops_of_soak(soak)


def _loads(plan: Plan) -> list[tuple[str, WorkerWords]]:
    """Every load of a plan, with its place in the plan if a cell of its own defines it."""
    if plan.kind == "replay":
        return [replayed(cell.scenario, plan.ops[cell.workload]) for cell in plan.cells()]
    loads = [
        (where_defined(plan.scenario_of(cell)), plan.worker_words(cell, plan.ops[cell.workload]))
        for cell in plan.cells()
    ]
    if plan.victim is not None:
        ops = min(plan.ops.values())
        loads.append(("--victim: ", victim_words(plan.victim, ops, plan.auid)))
    return loads
