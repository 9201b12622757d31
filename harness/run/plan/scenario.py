"""Scenarios from rule files: the named ones, those of the user, and exclusions before them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from harness.counted import counted
from harness.errors import ManyFaultsError, UsageError
from harness.kernel.messages import rule_list
from harness.kernel.rules.file import RuleFile, load_rule_file, parse_rules_text
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.warning import told_together
from harness.model.run import AA, EXCLUDE_CALL, EXCLUDE_EXE, Scenario
from harness.model.stored.scenario import StoredScenario
from harness.scenarios.catalog import NOT_INTERLEAVED, scenario_summary, scenario_text

EXCLUSIONS = {
    EXCLUDE_EXE: "-a never,exit -S all -F exe={exe}\n",
    EXCLUDE_CALL: "-a never,exit -F arch=b64 -S {noisy} -F exe={exe}\n",
}
"""The rules that `--exclude-exe` puts before a rule file of the user, by the scenario's suffix."""


def bind_named(name: str, *, exe: str, noisy: str) -> Scenario:
    """A built-in scenario, bound to the program to exclude and the workload's noisy syscall."""
    text = _fill(scenario_text(name), exe=exe, noisy=noisy)
    # The program may be another host's: the load runs from a copy in its place.
    if name in NOT_INTERLEAVED:
        return Scenario(name, scenario_summary(name), enabled=None, interleaved=False)
    return _scenario(name, scenario_summary(name), parse_rules_text(text, name, absent_exe=exe))


NamedRules = tuple[Path, RuleFile]


def read_rule_files(
    paths: Sequence[Path],
    *,
    ignore_lock: bool,
    exclude_exe: str | None = None,
    skip_missing: bool = False,
    elsewhere: bool = False,
) -> tuple[NamedRules, ...]:
    """Rule files of the user's, checked; ManyFaultsError with the bad lines of all of them.

    The program to exclude need not exist on this host; with `elsewhere`, no path need.
    """
    read: list[NamedRules] = []
    faults: list[UsageError] = []
    for path in dict.fromkeys(paths):
        try:
            file = load_rule_file(
                path,
                ignore_lock=ignore_lock,
                skip_missing=skip_missing,
                elsewhere=elsewhere,
                absent_exe=exclude_exe,
            )
        except ManyFaultsError as error:
            faults += error.faults
        else:
            read.append((path, file))
    if faults:
        raise ManyFaultsError(faults)
    by_path = dict(read)
    return tuple((path, by_path[path]) for path in paths)


def name_of(path: Path, *, is_folder: bool) -> str:
    """What the scenario of a rule file is called; a folder keeps its whole name, as rules.d."""
    return os.path.basename(os.path.abspath(path)) or "rules" if is_folder else path.stem  # noqa: PTH100, PTH119  # links stay


def left_out_lines(files: Sequence[NamedRules]) -> tuple[str, ...]:
    """A line per rule file of which something is left out, with how much."""
    return tuple(
        f"{file.path}: {counted(file.left_out, 'line')} left out (--skip-missing), "
        f"{counted(len(file.rules), 'rule')} measured"
        for file in {file.path: file for _, file in files}.values()
        if file.left_out
    )


def bind_rule_files(
    files: Sequence[NamedRules],
    *,
    exclude_exe: str | None,
    noisy: str,
    wanted: Collection[str],
) -> list[Scenario]:
    """One scenario per file, named after it, each followed by its exclusions if requested."""
    scenarios: list[Scenario] = []
    names = set(wanted)
    for path, file in files:
        name = _free_name(name_of(path, is_folder=file.merged), names)
        scenario = rules_scenario(name, f"the rules of {path}", (path, file))
        scenarios.append(scenario)
        if exclude_exe is not None:
            scenarios += _exclusions(scenario, exclude_exe, noisy)
    return scenarios


def rules_scenario(name: str, summary: str, named: NamedRules) -> Scenario:
    """The scenario of a rule file under a name."""
    path, file = named
    return replace(_scenario(name, summary, file), file=str(path))


def _exclusions(scenario: Scenario, exe: str, noisy: str) -> list[Scenario]:
    derived: list[Scenario] = []
    for suffix, text in EXCLUSIONS.items():
        first = parse_rules_text(_fill(text, exe=exe, noisy=noisy), suffix, absent_exe=exe)
        added = {rule.to_bytes(): format_rule(rule) for rule in first.rules}
        # The kernel refuses a rule twice, and the one in front decides.
        kept = [
            (rule, text)
            for rule, text in zip(scenario.rules, scenario.rule_text, strict=True)
            if rule not in added
        ]
        # List by list, as the kernel will list them.
        listed = sorted([*added.items(), *kept], key=lambda each: rule_list(each[0]))
        excluded = f"after an exclusion of {exe} {_of_calls(suffix, noisy)}"
        derived.append(
            replace(
                scenario,
                name=scenario.name + suffix,
                summary=f"{scenario.summary}, {excluded}",
                file="",
                rules=tuple(rule for rule, _ in listed),
                rule_text=tuple(text for _, text in listed),
            )
        )
    return derived


def _of_calls(suffix: str, noisy: str) -> str:
    return "from all system calls" if suffix == EXCLUDE_EXE else f"from {noisy} only"


def copy_of(scenario: Scenario) -> Scenario:
    """The A/A copy: the same state with another name."""
    return replace(
        scenario, name=scenario.name + AA, summary=f"{scenario.name} a second time (A/A)"
    )


def _fill(text: str, **values: str) -> str:
    # Not str.format: rule files of all kinds may hold braces.
    words = {
        name: value.replace("\\", "\\\\").replace(" ", "\\ ") for name, value in values.items()
    }
    return re.sub(r"\{(exe|noisy)\}", lambda found: words[found[1]], text)


def _free_name(stem: str, names: set[str]) -> str:
    name, number = stem, 2
    while name in names:
        name, number = f"{stem}-{number}", number + 1
    names.add(name)
    return name


def _scenario(name: str, summary: str, file: RuleFile) -> Scenario:
    scenario = Scenario(
        name=name,
        summary=summary,
        enabled=1,
        rules=tuple(rule.to_bytes() for rule in file.rules),
        rule_text=tuple(map(format_rule, file.rules)),
        notes=tuple(told_together(file.warnings)),
    )
    return replace(scenario, **file.controls.given())


def where_defined(scenario: Scenario) -> str:
    """The place of a load that its own cell defines, before an error; empty for any other."""
    return f"cell {scenario.name}: " if scenario.workload_options or scenario.rate_per_s else ""


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """A scenario as stored with the plan: all that is read of it again."""
    return {
        "name": scenario.name,
        "summary": scenario.summary,
        **{each.name: getattr(scenario, each.name) for each in fields(StoredScenario)},
        "rules": list(scenario.rule_text),
        "workload_options": dict(scenario.workload_options),
    }
