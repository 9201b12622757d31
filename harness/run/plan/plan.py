"""A plan: cells, number of blocks, and load, from a TOML file and the command line.

Every error of a request is found here, before anything on the host changes.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.answers.quantities import parse_duration_s, parse_share
from harness.consumers.catalog import find_consumer
from harness.errors import UsageError
from harness.model.matching import Login, RuleMatches
from harness.model.reference import Reference
from harness.model.run import AA, Cell, Scenario
from harness.renamed import hint
from harness.run.ladder import Ladder, steps_of
from harness.run.plan.consumers import plan_consumers
from harness.run.plan.file import AUTO, Kind, PlanFile, load_plan_file
from harness.run.plan.options import check_cell_options, margins_of, workload_options
from harness.run.plan.scenario import (
    NamedRules,
    bind_named,
    bind_rule_files,
    copy_of,
    read_rule_files,
    scenario_document,
)
from harness.run.validity import rule_document
from harness.run.worker_words import WorkerWords, rate_of, refuse_bad_loads
from harness.scenarios.catalog import NOT_INTERLEAVED, SCENARIOS
from workloads.catalog import WORKLOADS, WorkloadInfo

Pace = Literal["fast", "default", "rigorous"]

MOST_BLOCKS = 100_000
"""More blocks than a machine measures in a month."""
COMMAND = "command"
_PRESSING = tuple(name for name in WORKLOADS if name not in (COMMAND, "replay"))
"""Workloads to choose by name; a command is given by its words, and a replay feeds a consumer."""
MIN_BLOCKS_UNTIL_CI = 8
"""Blocks before the first check of the intervals' width: with fewer they are often narrow by
chance, and an interval that ended its run would cover the truth too rarely (docs/validity.md)."""


@dataclass(frozen=True, slots=True)
class Request:
    """The request of the command line; empty values are left to the plan."""

    plan: str = "overhead"
    workloads: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    consumers: tuple[str, ...] = ()
    rule_files: tuple[Path, ...] = ()
    exclude_exe: str | None = None
    ignore_lock: bool = False
    blocks: int | None = None
    pace: Pace = "default"
    ops: int | None = None
    workers: int | None = None
    rate_per_s: float | None = None
    """Operations started per second, all workers together; None starts each after the last."""
    seed: int | None = None
    auid: str | None = None
    margins: tuple[str, ...] = ()
    """`2%` for all metrics, `METRIC=3%` for one."""
    until_ci: str | None = None
    """Continue until the 95 % intervals are this narrow: `1%` is plus and minus 1 %."""
    max_time: str | None = None
    """Stop after this long: `10m`."""
    workload_options: Mapping[str, str] = field(default_factory=dict)
    """Passed on to the workloads that take them: `address`, `netns`, `program`, …"""
    command: tuple[str, ...] = ()
    consumer_paths: Mapping[str, Path] = field(default_factory=dict)
    """Programs of consumers to use instead of those on the PATH."""
    ladder: bool = True
    """Whether the plan's rate ladder is measured."""
    only: frozenset[str] = frozenset()
    """The names of the scenarios to measure, of all the above; empty means all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run with every choice made."""

    name: str
    summary: str
    kind: Kind
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
    ladder: Ladder | None = None
    """The ladder to measure after the blocks."""
    absent: tuple[str, ...] = ()
    """Consumers of the plan that are not on this host; they are left out."""
    first: Mapping[str, tuple[Scenario, ...]] = field(default_factory=dict)
    """By workload: the states that only a fresh boot can show, for `with_first`."""

    def with_first(self) -> Plan:
        """The same with the states that only a fresh boot can show, before all others."""
        scenarios = {name: (*self.first.get(name, ()), *s) for name, s in self.scenarios.items()}
        return replace(self, scenarios=scenarios)

    def scenario_of(self, cell: Cell) -> Scenario:
        """The scenario of a cell, or of a step of the ladder."""
        by_name = {scenario.name: scenario for scenario in self.scenarios.get(cell.workload, ())}
        if self.ladder is not None:
            by_name |= {step.name: step for step in self.ladder.scenarios}
        return by_name[cell.scenario]

    def worker_words(self, cell: Cell, ops: int) -> WorkerWords:
        """The command line of the worker of a trial of this cell."""
        scenario = self.scenario_of(cell)
        return WorkerWords(
            workload=cell.workload,
            ops=ops,
            auid=self.auid,
            workers=self.workers,
            rate_per_s=scenario.rate_per_s or self.rate_per_s,
            options={**self.workload_options, **scenario.workload_options},
            command=self.command,
        )

    def is_step(self, cell: Cell) -> bool:
        """Whether a cell is a step of the ladder."""
        steps = self.ladder.scenarios if self.ladder is not None else ()
        return any(cell.scenario == step.name for step in steps)

    def cells(self) -> list[Cell]:
        """Every cell, in the order in which the tables show them."""
        return [
            Cell(workload, scenario.name, consumer)
            for workload in self.workloads
            for scenario in self.scenarios[workload]
            for consumer in self._consumers_of(scenario)
        ]

    def all_consumers(self) -> set[str]:
        """Every consumer of a cell or of the ladder."""
        climbing = self.ladder.consumers if self.ladder is not None else ()
        return {cell.consumer for cell in self.cells()} | set(climbing)

    def _consumers_of(self, scenario: Scenario) -> tuple[str, ...]:
        # In a state that must not be touched, no consumer can register.
        if scenario.enabled is None:
            return ("none",)
        return (scenario.consumer,) if scenario.consumer else self.consumers


def make_plan(request: Request) -> Plan:
    """The plan of a request. Its rule files are read here, each once, and not again."""
    file = load_plan_file(request.plan)
    workloads = _workloads(request, file)
    chosen = plan_consumers(request, file)
    check_cell_options(file, workloads)
    margin, margins = margins_of(request.margins, file)
    files = () if file.kind == "replay" else request.rule_files
    rules = read_rule_files(files, ignore_lock=request.ignore_lock)
    bound = {name: chosen.wanted(_scenarios(request, file, name, rules)) for name in workloads}
    first = {name: chosen.wanted(_first(request, file, name)) for name in workloads}
    auid = file.auid if request.auid is None else request.auid
    plan = Plan(
        name=request.plan if request.plan.isidentifier() else Path(request.plan).stem,
        summary=file.summary,
        kind=file.kind,
        reference=Reference(file.reference, file.reference_consumer),
        workloads=workloads,
        scenarios=bound,
        consumers=chosen.consumers,
        blocks=_blocks(request, file),
        ops={name: _ops(request, file, WORKLOADS[name]) for name in workloads},
        seed=_seed(request.seed),
        margin=margin,
        margins=margins,
        invalid=file.invalid.given(),
        retries=file.invalid.retries,
        backwards=file.backwards,
        until_ci=_given(parse_share, "--until-ci", request.until_ci),
        max_time_s=_given(parse_duration_s, "--max-time", request.max_time),
        workers=file.workers if request.workers is None else request.workers,
        rate_per_s=request.rate_per_s,
        auid="keep" if auid == AUTO else auid,
        auid_free=auid == AUTO,
        workload_options=workload_options(request.workload_options, workloads),
        command=request.command,
        ladder=_ladder(request, file, chosen.consumers),
        absent=chosen.absent,
        first=first,
    )
    refuse_bad_loads(_loads(plan))
    return plan


def _loads(plan: Plan) -> list[tuple[str, WorkerWords]]:
    """Every load of a plan, with its place in the plan if a cell of its own defines it."""
    if plan.kind == "replay":
        return [
            (
                f"scenario {cell.scenario}: ",
                WorkerWords(
                    workload="replay",
                    ops=plan.ops[cell.workload],
                    rate_per_s=rate_of(cell.scenario),
                ),
            )
            for cell in plan.cells()
        ]
    loads = [
        (_where(plan.scenario_of(cell)), plan.worker_words(cell, plan.ops[cell.workload]))
        for cell in plan.cells()
    ]
    if (ladder := plan.ladder) is not None:
        for step in ladder.scenarios:
            cell = Cell(ladder.workload, step.name, ladder.consumers[0])
            loads.append(("[ladder]: ", plan.worker_words(cell, ladder.ops_of(step))))
    return loads


def _where(scenario: Scenario) -> str:
    own = scenario.workload_options or scenario.rate_per_s
    return f"cell {scenario.name}: " if own else ""


def _ladder(request: Request, file: PlanFile, consumers: tuple[str, ...]) -> Ladder | None:
    """The ladder of a plan, for those of its consumers that report what they received."""
    knobs = file.ladder
    climbing = tuple(name for name in consumers if find_consumer(name).sees_events)
    if knobs is None or not (request.ladder and climbing) or request.command:
        return None
    if knobs.workload not in _PRESSING:
        raise UsageError(
            f"[ladder]: no workload is called {knobs.workload!r}",
            remedy=f"one of {', '.join(_PRESSING)}",
        )
    scenario = bind_named(knobs.scenario, exe=sys.executable, noisy=WORKLOADS[knobs.workload].noisy)
    return Ladder(
        workload=knobs.workload,
        consumers=climbing,
        scenarios=steps_of(scenario, knobs.rates, knobs.backlog_limit),
        seconds=knobs.seconds,
        trials=knobs.trials,
    )


def _seed(seed: int | None) -> int:
    if seed is None:
        return random.SystemRandom().randrange(2**32)
    return _within("--seed", seed, 2**63 - 1, -(2**63))


def _blocks(request: Request, file: PlanFile) -> int:
    blocks = _blocks_asked(request, file)
    return blocks if request.until_ci is None else max(blocks, MIN_BLOCKS_UNTIL_CI)


def _blocks_asked(request: Request, file: PlanFile) -> int:
    if request.blocks is not None:
        return _within("--blocks", request.blocks, MOST_BLOCKS)
    if request.until_ci is not None and request.pace == "default":
        return MIN_BLOCKS_UNTIL_CI
    blocks = {
        "default": file.blocks.default,
        "fast": file.blocks.fast,
        "rigorous": file.blocks.rigorous,
    }
    return _within(f"[blocks] {request.pace} =", blocks[request.pace], MOST_BLOCKS)


def _given(parse: Callable[[str, str], float], option: str, text: str | None) -> float | None:
    return None if text is None else parse(option, text)


def _within(option: str, value: int, most: int, least: int = 1) -> int:
    if value < least:
        raise UsageError(f"{option} {value} is too few", remedy=f"give {least} or more")
    if value > most:
        raise UsageError(f"{option} {value} is too many", remedy=f"give {most} at most")
    return value


def _workloads(request: Request, file: PlanFile) -> tuple[str, ...]:
    if request.command:
        if shutil.which(request.command[0]) is None:
            raise UsageError(
                f"{request.command[0]!r} is not a command here",
                remedy="give a program on the PATH after `--`",
            )
        return (COMMAND,)
    names = tuple(dict.fromkeys(request.workloads or file.workloads))
    for name in names:
        if name not in _PRESSING and not (name == "replay" and file.kind == "replay"):
            raise UsageError(
                f"no workload is called {name!r}",
                remedy=f"one of {', '.join(_PRESSING)}, or a command of yours after `--`",
            )
    return names


def _ops(request: Request, file: PlanFile, info: WorkloadInfo) -> int:
    if request.ops is not None:
        return request.ops
    if request.pace == "fast":
        return file.ops.get(info.name, info.fast_ops)
    return file.ops.get(info.name, info.default_ops)


def _first(request: Request, file: PlanFile, workload: str) -> tuple[Scenario, ...]:
    """The states that only a fresh boot can show; none where scenarios were asked for by name."""
    if request.scenarios or file.kind == "replay":
        return ()
    exe, noisy = _excluded_exe(request), WORKLOADS[workload].noisy
    return _asked_for(request, [bind_named(name, exe=exe, noisy=noisy) for name in file.first])


def _asked_for(request: Request, scenarios: Iterable[Scenario]) -> tuple[Scenario, ...]:
    return tuple(s for s in scenarios if not request.only or s.name in request.only)


def _excluded_exe(request: Request) -> str:
    return request.exclude_exe or _generator_exe(request)


def _scenarios(
    request: Request, file: PlanFile, workload: str, rules: Sequence[NamedRules]
) -> tuple[Scenario, ...]:
    if file.kind == "replay":
        return tuple(Scenario(name, "", enabled=0) for name in file.scenarios)
    cells = {cell.name: cell for cell in file.cells}
    names = _scenario_names(request, file)
    exe = _excluded_exe(request)
    noisy = WORKLOADS[workload].noisy
    scenarios = [
        cells[name].bind(bind_named(cells[name].scenario, exe=exe, noisy=noisy))
        if name in cells
        else bind_named(name, exe=exe, noisy=noisy)
        for name in names
    ]
    scenarios += bind_rule_files(
        rules,
        exclude_exe=request.exclude_exe,
        noisy=noisy,
        wanted=[*names, *(name + AA for name in names)],
    )
    if file.aa_cell and file.reference:
        at = names.index(file.reference) + 1
        scenarios.insert(at, copy_of(scenarios[at - 1]))
    return _asked_for(request, scenarios)


def _scenario_names(request: Request, file: PlanFile) -> list[str]:
    """The named scenarios, the reference always first."""
    wanted = list(request.scenarios)
    cells = [cell.name for cell in file.cells]
    for name in wanted:
        if cells and name not in (*SCENARIOS, *cells):
            raise UsageError(
                f"no scenario and no cell of the plan is called {name!r}",
                remedy=hint(name)
                or f"one of its cells {', '.join(cells)}, or of {', '.join(SCENARIOS)}",
            )
    if not wanted and request.rule_files:
        wanted = ["disabled", "no-rules"]
    wanted = [name for name in wanted or _named_by(file) if name not in NOT_INTERLEAVED]
    return list(dict.fromkeys([*([file.reference] if file.reference else []), *wanted]))


def _named_by(file: PlanFile) -> list[str]:
    return [*file.scenarios, *(cell.name for cell in file.cells)]


def _generator_exe(request: Request) -> str:
    """The noisy program, with symlinks resolved: the kernel compares inodes."""
    program = shutil.which(request.command[0]) if request.command else sys.executable
    return str(Path(program or sys.executable).resolve())


def _ladder_document(ladder: Ladder) -> dict[str, Any]:
    return {
        "workload": ladder.workload,
        "consumers": list(ladder.consumers),
        "seconds": ladder.seconds,
        "trials": ladder.trials,
        "steps": [scenario_document(step) for step in ladder.scenarios],
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as stored beside the samples: enough to repeat the same run."""
    return {
        "name": plan.name,
        "summary": plan.summary,
        "kind": plan.kind,
        "reference_scenario": plan.reference.scenario,
        "reference_consumer": plan.reference.consumer,
        "workloads": list(plan.workloads),
        "consumers": list(plan.consumers),
        "blocks": plan.blocks,
        "ops": dict(plan.ops),
        "seed": plan.seed,
        "backwards": plan.backwards,
        "margin": plan.margin,
        "margins": dict(plan.margins),
        "invalid": rule_document(plan.invalid, plan.retries),
        "until_ci": plan.until_ci,
        "max_time_s": plan.max_time_s,
        "workers": plan.workers,
        "rate_per_s": plan.rate_per_s,
        "auid": plan.auid,
        "login": msgspec.to_builtins(plan.login),
        "matching": msgspec.to_builtins(plan.matching),
        "workload_options": dict(plan.workload_options),
        "command": list(plan.command),
        "ladder": _ladder_document(plan.ladder) if plan.ladder is not None else None,
        "scenarios": {
            workload: [scenario_document(scenario) for scenario in scenarios]
            for workload, scenarios in plan.scenarios.items()
        },
    }
