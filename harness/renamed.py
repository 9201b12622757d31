"""Names that were changed, old to new: the one place that knows what they were.

Stored runs and plan files of before are read under the new names; on the command line an old name
is an error that tells the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.model.run import AA
from harness.model.stored.plan import StoredPlan

SCENARIOS: Mapping[str, str] = {
    "no-context": "no-audit",
    "excluded": "rules+exclude-exe",
    "excluded-narrow": "rules+exclude-call",
    "pressure": "connect-scoped",
    "consumers": "rules-scoped",
}
CELLS: Mapping[str, Mapping[str, str]] = {
    "pressure": {
        "roomy": "backlog-8192-wait",
        "b64-nowait": "backlog-64-no-wait",
        "b64-wait": "backlog-64-wait",
        "b1024-nowait": "backlog-1024-no-wait",
        "b1024-wait": "backlog-1024-wait",
        "b8192-nowait": "backlog-8192-no-wait",
        "unlimited": "backlog-unlimited",
        "rate": "rate-limit",
        "rate-b0": "rate-limit-only",
        "small-buffer": "buffer-small",
        "small-enobufs": "buffer-enobufs",
        "mc-large": "mcast-buffer-large",
        "mc-default": "mcast-buffer-small",
        "mc-enobufs": "mcast-buffer-enobufs",
        "mc-b64-nowait": "mcast-backlog-64",
        "stop-b1024": "stop-wait",
        "stop-nowait": "stop-no-wait",
        "stop-large": "stop-buffer-large",
        "stop-mc": "stop-mcast",
        "stop-mc-enobuf": "stop-mcast-enobufs",
    },
    "consumers": {"watched": "rules"},
}
"""By the built-in plan that had the cell."""
SUFFIXES: Mapping[str, str] = {
    "+excluded": "+exclude-exe",
    "+excluded-narrow": "+exclude-call",
}
"""Behind the name of a rule file: what `--exclude-exe` puts in front of it."""
_CAPACITY = "`auditbench capacity` searches for the rates at which events are lost"
GONE_OPTIONS: Mapping[str, str] = {"--no-ladder": f"leave it out; {_CAPACITY}"}
GONE_KEYS: Mapping[str, str] = {"ladder": f"leave it out; {_CAPACITY}"}
GONE_PLANS: Mapping[str, str] = {"rate": f"{_CAPACITY}; `auditbench run --rate` holds one"}
"""Options, parts of a plan file and plans that are no more, each with what to do instead."""
OLD_AA = "-again"
"""The suffix that the A/A cell had."""
OF_A_FILE = "the rules of "
"""Begins the summary of a rule file's scenario, whose name is the user's and stays."""


def new_name(name: str) -> str | None:
    """What is called so now, if something was called `name` before; else None."""
    for old, new in (*SUFFIXES.items(), (OLD_AA, AA)):
        if name.endswith(old) and name != old:
            stem = name.removesuffix(old)
            return (new_name(stem) or stem) + new
    tables = (SCENARIOS, *CELLS.values())
    return next((table[name] for table in tables if name in table), None)


def hint(name: str) -> str:
    """A remedy that tells the new name; empty where nothing was called so."""
    new = new_name(name)
    return f"it is called {new} now" if new else ""


def stored_names(plan: StoredPlan) -> dict[str, str]:
    """Old to new, of the scenarios of a stored plan."""
    scenarios = [scenario for group in plan.scenarios.values() for scenario in group]
    summaries = {scenario.name: scenario.summary for scenario in scenarios}
    table = {**SCENARIOS, **CELLS.get(plan.name, {})}
    reference = plan.reference_scenario
    found: dict[str, str] = {}
    for name, summary in summaries.items():
        new = _suffixed(name, summaries) if summary.startswith(OF_A_FILE) else table.get(name)
        if reference and name == reference + OLD_AA:
            new = table.get(reference, reference) + AA
        if new is not None and new not in summaries:
            found[name] = new
    return found


def _suffixed(name: str, names: Mapping[str, str]) -> str | None:
    """The new name of a rule file with an exclusion in front of it."""
    for old, new in SUFFIXES.items():
        if name.endswith(old) and name.removesuffix(old) in names:
            return name.removesuffix(old) + new
    return None


def stored_plan(plan: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A stored plan under the new names."""
    found = dict(plan)
    if (reference := plan.get("reference_scenario", "")) in names:
        found["reference_scenario"] = names[reference]
    if isinstance(invalid := plan.get("invalid"), dict):
        found["invalid"] = _key_renamed(invalid, "again", "retries")
    if names:
        found["scenarios"] = {
            workload: [_scenario(scenario, names) for scenario in scenarios]
            for workload, scenarios in plan["scenarios"].items()
        }
    if isinstance(ladder := plan.get("ladder"), dict):
        found["ladder"] = {**ladder, "steps": _steps(ladder.get("steps"), names)}
    return found


def _steps(steps: Any, names: Mapping[str, str]) -> Any:
    """The steps of a ladder; nothing reads them again, so they may be anything."""
    if not isinstance(steps, list):
        return steps
    return [_scenario(step, names) if isinstance(step, dict) else step for step in steps]


def _scenario(scenario: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A stored scenario; a summary that begins with a scenario's name is about that one."""
    found = dict(scenario)
    if (name := str(scenario.get("name"))) in names:
        found["name"] = names[name]
    first, space, rest = str(scenario.get("summary", "")).partition(" ")
    if new := {**SCENARIOS, **names}.get(first):
        found["summary"] = new + space + rest
    return found


def plan_file(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as it is written in TOML, under the new names; what is malformed stays so."""
    found = _key_renamed(plan, "again", "aa_cell")
    if isinstance(invalid := plan.get("invalid"), dict):
        found["invalid"] = _key_renamed(invalid, "again", "retries")
    cells = found_cells if isinstance(found_cells := plan.get("cells"), list) else []
    own = [cell.get("name") for cell in cells if isinstance(cell, dict)]
    if isinstance(reference := plan.get("reference"), str) and reference not in own:
        found["reference"] = SCENARIOS.get(reference, reference)
    for key in ("scenarios", "first"):
        if isinstance(names := plan.get(key), list):
            found[key] = [SCENARIOS.get(n, n) if isinstance(n, str) else n for n in names]
    if cells:
        found["cells"] = [_with_scenario(cell) for cell in cells]
    return found


def _with_scenario(table: Any) -> Any:
    """A `[[cells]]` table with the scenario's name of now."""
    if not isinstance(table, dict) or not isinstance(name := table.get("scenario"), str):
        return table
    return {**table, "scenario": SCENARIOS.get(name, name)}


def _key_renamed(table: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    """With the new key in the old one's place; both stay where both are there."""
    if new in table:
        return dict(table)
    return {new if key == old else key: value for key, value in table.items()}
