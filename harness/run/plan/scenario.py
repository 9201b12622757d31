"""Scenarios from rule files: the named ones, those of the user, and exclusions before them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from harness.kernel.messages import rule_list
from harness.kernel.rules.file import RuleFile, load_rule_file, parse_rules_text
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.warning import told_together
from harness.model.run import AA, Scenario
from harness.model.stored import StoredScenario
from harness.scenarios.catalog import NOT_INTERLEAVED, scenario_summary, scenario_text

EXCLUSIONS = {
    "exclude-exe": "-a never,exit -S all -F exe={exe}\n",
    "exclude-call": "-a never,exit -F arch=b64 -S {noisy} -F exe={exe}\n",
}
"""The rules that `--exclude-exe` puts before a rule file of the user, by the scenario's suffix."""


def bind_named(name: str, *, exe: str, noisy: str) -> Scenario:
    """A built-in scenario, bound to the program to exclude and the workload's noisy syscall."""
    text = _fill(scenario_text(name), exe=exe, noisy=noisy)
    if name in NOT_INTERLEAVED:
        return Scenario(name, scenario_summary(name), enabled=None, interleaved=False)
    return _scenario(name, scenario_summary(name), parse_rules_text(text, name))


NamedRules = tuple[Path, RuleFile]


def read_rule_files(paths: Sequence[Path], *, ignore_lock: bool) -> tuple[NamedRules, ...]:
    """Rule files of the user's, checked; UsageError for the first that cannot be used."""
    return tuple((path, load_rule_file(path, ignore_lock=ignore_lock)) for path in paths)


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
        name = _free_name(path.stem, names)
        scenario = _scenario(name, f"the rules of {path}", file)
        scenarios.append(scenario)
        if exclude_exe is not None:
            scenarios += _exclusions(scenario, exclude_exe, noisy)
    return scenarios


def _exclusions(scenario: Scenario, exe: str, noisy: str) -> list[Scenario]:
    derived: list[Scenario] = []
    for suffix, text in EXCLUSIONS.items():
        first = parse_rules_text(_fill(text, exe=exe, noisy=noisy), suffix)
        rules = (*(rule.to_bytes() for rule in first.rules), *scenario.rules)
        texts = (*map(format_rule, first.rules), *scenario.rule_text)
        # List by list, as the kernel will list them.
        listed = sorted(zip(rules, texts, strict=True), key=lambda each: rule_list(each[0]))
        derived.append(
            replace(
                scenario,
                name=f"{scenario.name}+{suffix}",
                summary=f"{scenario.summary}, after an exclusion of {exe}",
                rules=tuple(rule for rule, _ in listed),
                rule_text=tuple(text for _, text in listed),
            )
        )
    return derived


def copy_of(scenario: Scenario) -> Scenario:
    """The A/A copy: the same state with another name."""
    return replace(
        scenario, name=scenario.name + AA, summary=f"{scenario.name} a second time (A/A)"
    )


def _fill(text: str, **values: str) -> str:
    # Not str.format: rule files of all kinds may hold braces.
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


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


def scenario_document(scenario: Scenario) -> dict[str, Any]:
    """A scenario as stored with the plan: all that is read of it again."""
    return {
        "name": scenario.name,
        "summary": scenario.summary,
        **{each.name: getattr(scenario, each.name) for each in fields(StoredScenario)},
        "rules": list(scenario.rule_text),
        "workload_options": dict(scenario.workload_options),
    }
