"""Which scenarios a request measures, of its plan's and its own, each bound to a workload."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError, one_of
from harness.model.run import AA, Scenario
from harness.renamed import hint
from harness.run.plan.cell_rules import file_for_cells, has_recording_rules, with_rules
from harness.run.plan.exclusion import ExcludedProgram, excluded_program
from harness.run.plan.file import CellKnobs, PlanFile
from harness.run.plan.scenario import NamedRules, bind_named, bind_rule_files, copy_of
from harness.run.plan.services import Named, named_workloads
from harness.run.request import Request
from harness.scenarios.catalog import NOT_INTERLEAVED, SCENARIOS
from workloads.catalog import WORKLOADS, WorkloadInfo
from workloads.services.catalog import SERVICES

COMMAND = "command"
PRESSING = tuple(name for name in WORKLOADS if name not in (COMMAND, "service", "replay"))
"""Workloads to choose by name; a command is given by its words, a service by its own name or file,
and a replay feeds a consumer."""


@dataclass(frozen=True, slots=True)
class Base:
    """What scenarios are bound to: a workload, and the program that its exclusions are of.

    `program` is None for a load of this distribution, whose exclusions are of the generator; empty
    for a service whose program is not known before it runs.
    """

    info: WorkloadInfo
    program: str | None = None

    def excluded_exe(self, request: Request) -> str:
        """The program that exclusions are of, links followed."""
        return request.subject.exclude_exe or self.program or _generator_exe(request)


def workloads_of(request: Request, file: PlanFile) -> Named:
    """The workloads to measure: those of the request, or else of its plan."""
    if request.command:
        if shutil.which(request.command[0]) is None:
            raise UsageError(
                f"{request.command[0]!r} is not a command here",
                remedy="give a program on the PATH after `--`",
            )
        return Named((COMMAND,), {})
    named = named_workloads(tuple(request.load.workloads or file.workloads))
    for name in named.names:
        if name in named.services:
            continue
        if name not in PRESSING and not (name == "replay" and file.kind == "replay"):
            raise UsageError(
                f"no workload is called {name!r}",
                remedy=one_of(
                    name,
                    (*PRESSING, *SERVICES),
                    otherwise=", or a service's .toml file, or a command of yours after `--`",
                ),
            )
    return named


def first_scenarios(request: Request, file: PlanFile, base: Base) -> tuple[Scenario, ...]:
    """The states that only a fresh boot can show; of those asked for, if any were."""
    if file.kind == "replay":
        return ()
    asked = request.subject.scenarios
    exe, noisy = base.excluded_exe(request), base.info.noisy
    names = first_asked(request) if asked else file.first
    return tuple(bind_named(name, exe=exe, noisy=noisy) for name in names)


def first_asked(request: Request) -> tuple[str, ...]:
    """The states asked for by name that only a fresh boot can show."""
    asked = dict.fromkeys(request.subject.scenarios)
    return tuple(name for name in asked if name in NOT_INTERLEAVED)


def left_out_scenarios(
    request: Request, scenarios: Mapping[str, Sequence[Scenario]]
) -> tuple[str, ...]:
    """A line about the scenarios asked for by name that are not measured with any workload."""
    bound = {scenario.name for group in scenarios.values() for scenario in group}
    asked = dict.fromkeys(request.subject.scenarios)
    names = [name for name in asked if name not in bound and name not in NOT_INTERLEAVED]
    if not names:
        return ()
    return (f"asked for by name and left out, because --consumer has others: {', '.join(names)}",)


def excluded_of(request: Request, workloads: Mapping[str, WorkloadInfo]) -> ExcludedProgram | None:
    """The program of `--exclude-exe`; None without the option."""
    path = request.subject.exclude_exe
    if path is None:
        return None
    return excluded_program(path, workloads, request.load.workload_options.given())


def scenarios_of(
    request: Request, file: PlanFile, base: Base, rules: Sequence[NamedRules]
) -> tuple[Scenario, ...]:
    """The scenarios to measure with a workload: those with names first, then the rule files."""
    if file.kind == "replay":
        _refuse_for_replay(request)
        return tuple(Scenario(name, "", enabled=0) for name in file.scenarios)
    cells = {cell.name: cell for cell in file.cells}
    names = [
        name
        for name in _scenario_names(request, file)
        if name == file.reference or name not in cells or cells[name].is_for(base.info.name)
    ]
    exe, noisy = base.excluded_exe(request), base.info.noisy
    own = None
    if rules and any(_carries_rules(cells[name]) for name in names if name in cells):
        own = file_for_cells(rules, request.subject.exclude_exe)
    scenarios = []
    for name in names:
        cell = cells.get(name)
        scenario = bind_named(cell.scenario if cell else name, exe=exe, noisy=noisy)
        if cell and own and has_recording_rules(scenario):
            scenario = with_rules(scenario, own)
        scenarios.append(cell.bind(scenario) if cell else scenario)
    if own is None:
        scenarios += bind_rule_files(
            rules,
            exclude_exe=request.subject.exclude_exe,
            noisy=noisy,
            wanted=[*names, *(name + AA for name in names)],
        )
    if file.aa_cell and file.reference:
        at = names.index(file.reference) + 1
        scenarios.insert(at, copy_of(scenarios[at - 1]))
    return tuple(scenarios)


def _scenario_names(request: Request, file: PlanFile) -> list[str]:
    """The named scenarios, the reference always first."""
    wanted = list(request.subject.scenarios)
    cells = [cell.name for cell in file.cells]
    for name in wanted:
        if cells and name not in (*SCENARIOS, *cells):
            raise UsageError(
                f"no scenario and no cell of the plan is called {name!r}",
                remedy=hint(name) or one_of(name, (*cells, *SCENARIOS)),
            )
    if not wanted and request.subject.rule_files and not measures_rules_in_cells(file):
        wanted = ["disabled", "no-rules"] if request.victim.workload is None else []
        if not wanted:
            return [file.reference] if file.reference else []
    wanted = [name for name in wanted or _named_by(file) if name not in NOT_INTERLEAVED]
    return list(dict.fromkeys([*([file.reference] if file.reference else []), *wanted]))


def measures_rules_in_cells(file: PlanFile) -> bool:
    """Whether `--rules` takes the place of the rules in the plan's cells."""
    return any(map(_carries_rules, file.cells))


def _carries_rules(cell: CellKnobs) -> bool:
    return has_recording_rules(bind_named(cell.scenario, exe=sys.executable, noisy="connect"))


def _refuse_for_replay(request: Request) -> None:
    """UsageError for what a plan without a kernel cannot measure."""
    for option, given in (
        ("--rules", request.subject.rule_files),
        ("--scenario", request.subject.scenarios),
    ):
        if given:
            raise UsageError(
                f"{option} has no meaning in the plan {request.plan}, which loads no rules",
                remedy="leave it out, or name another plan",
            )


def _named_by(file: PlanFile) -> list[str]:
    return [*file.scenarios, *(cell.name for cell in file.cells)]


def _generator_exe(request: Request) -> str:
    """The noisy program, with symlinks resolved: the kernel compares inodes."""
    program = shutil.which(request.command[0]) if request.command else sys.executable
    return str(Path(program or sys.executable).resolve())
