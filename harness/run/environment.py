"""What a run's numbers depend on beside its plan: the host, and the consumers' programs."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.host.ever_enabled.probe import EverEnabled
from harness.host.facts import HostFacts
from harness.kernel.lease.snapshot import Snapshot
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.rule import Rule
from harness.model.label import label_of
from harness.model.stored.environment import StoredEnvironment
from harness.run.plan.plan import Plan
from harness.run.request import Conduct


def environment_document(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    conduct: Conduct,
    snapshot: Snapshot | None,
    ever: EverEnabled | None,
) -> dict[str, Any]:
    """Everything that the numbers depend on and that is not in the plan."""
    environment = {
        "schema": "auditbench.environment/1",
        "label": conduct.label,
        "auditbench": version("auditbench"),
        "python": platform.python_version(),
        "argv": list(conduct.argv),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "facts": asdict(facts),
        "cpus": {name: list(numbers) for name, numbers in cpus.items()},
        "audit_before": _snapshot_document(snapshot) if snapshot is not None else None,
        "ever_enabled": asdict(ever) if ever is not None else None,
        "caller_loginuid": _read_number(Path("/proc/self/loginuid")),
        "consumers": _programs(plan),
        "cautions": [
            *({"name": "rules", "what": note, "remedy": ""} for note in _scenario_notes(plan)),
            *({"name": "left-out", "what": line, "remedy": ""} for line in plan.left_out),
            *_absent_consumers(plan),
        ],
    }
    return environment | {"label": label_of(StoredEnvironment.read(environment))}


def _programs(plan: Plan) -> dict[str, dict[str, str]]:
    """The foreign consumers of a plan: their paths, and their versions in their own words."""
    names = sorted(plan.all_consumers())
    found = ((name, plan.consumer(name).find(plan.consumer_paths.get(name))) for name in names)
    return {
        name: {"path": str(program.path), "version": program.version}
        for name, program in found
        if program is not None
    }


def _absent_consumers(plan: Plan) -> list[dict[str, str]]:
    if not plan.absent:
        return []
    what = f"not on this host and left out: {', '.join(plan.absent)}"
    return [{"name": "absent", "what": what, "remedy": "--consumer-path NAME=PATH names a program"}]


def _scenario_notes(plan: Plan) -> list[str]:
    """Warnings about the rules under test, each once."""
    scenarios = [scenario for group in plan.scenarios.values() for scenario in group]
    return list(dict.fromkeys(note for scenario in scenarios for note in scenario.notes))


def _snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "settings": dict(snapshot.settings),
        "features": snapshot.features,
        "rules": [format_rule(Rule.from_bytes(payload)) for payload in snapshot.rules],
    }


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def add_caution(environment: dict[str, Any], *, name: str, what: str, remedy: str = "") -> None:
    """Add a caution to the document; one that a run had before it was resumed is there already."""
    caution = {"name": name, "what": what, "remedy": remedy}
    if caution not in environment["cautions"]:
        environment["cautions"].append(caution)
