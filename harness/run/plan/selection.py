"""Which scenarios a request measures, of its plan's and its own, each bound to a workload."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.model.run import AA, Scenario
from harness.renamed import hint
from harness.run.plan.file import PlanFile
from harness.run.plan.scenario import NamedRules, bind_named, bind_rule_files, copy_of
from harness.run.request import Request
from harness.scenarios.catalog import NOT_INTERLEAVED, SCENARIOS
from workloads.catalog import WORKLOADS


def first_scenarios(request: Request, file: PlanFile, workload: str) -> tuple[Scenario, ...]:
    """The states that only a fresh boot can show; none where scenarios were asked for by name."""
    if request.subject.scenarios or file.kind == "replay":
        return ()
    exe, noisy = _excluded_exe(request), WORKLOADS[workload].noisy
    return tuple(bind_named(name, exe=exe, noisy=noisy) for name in file.first)


def _excluded_exe(request: Request) -> str:
    return request.subject.exclude_exe or _generator_exe(request)


def scenarios_of(
    request: Request, file: PlanFile, workload: str, rules: Sequence[NamedRules]
) -> tuple[Scenario, ...]:
    """The scenarios to measure with a workload: those with names first, then the rule files."""
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
                remedy=hint(name)
                or f"one of its cells {', '.join(cells)}, or of {', '.join(SCENARIOS)}",
            )
    if not wanted and request.subject.rule_files:
        wanted = ["disabled", "no-rules"]
    wanted = [name for name in wanted or _named_by(file) if name not in NOT_INTERLEAVED]
    return list(dict.fromkeys([*([file.reference] if file.reference else []), *wanted]))


def _named_by(file: PlanFile) -> list[str]:
    return [*file.scenarios, *(cell.name for cell in file.cells)]


def _generator_exe(request: Request) -> str:
    """The noisy program, with symlinks resolved: the kernel compares inodes."""
    program = shutil.which(request.command[0]) if request.command else sys.executable
    return str(Path(program or sys.executable).resolve())
