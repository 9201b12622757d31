"""Made-up runs of rules that match nothing. No number is a measurement."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomli_w

from harness.store import PLAN
from tests.support.stored.altered_runs import Change, altered_run

CONNECT = ("-a always,exit -F arch=b64 -S connect",)
FORESEEN = {
    "scenario": "rules",
    "file": "stig.rules",
    "rules": 40,
    "can_match": 0,
    "recording": 40,
    "by_workload": {"udp": 0},
    "withholding": {"udp": 0},
    "hindered": {"path": 17, "euid": 20, "auid": 3},
}
LOGIN = {"auid": 1000, "caller": 0, "basis": "chosen", "rules": 5, "caller_rules": 2}


def eventless(*scenarios: str) -> Change:
    """The loads of these scenarios made no event."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] in scenarios:
            sample["ledger"] |= {"generated": 0, "complete": 0, "received_records": 0}

    return change


def uncounted(sample: dict[str, Any]) -> None:
    """What the rules should generate, and keep back, is not known."""
    sample["ledger"]["generated"] = sample["ledger"]["suppressed"] = None


def run_with_rules(
    folder: Path,
    *changes: Change,
    rules: Sequence[str] = CONNECT,
    scenarios: Sequence[str] = ("rules",),
    blocks: int = 8,
    **plan: Any,
) -> Path:
    """A made-up run whose scenarios of these names have rules; its plan says `plan` besides."""
    altered_run(folder, *changes, blocks=blocks)
    path = folder / PLAN
    document = tomllib.loads(path.read_text(encoding="utf-8")) | plan
    for scenario in document["scenarios"]["udp"]:
        scenario["enabled"] = 1
        if scenario["name"] in scenarios:
            scenario["rules"] = list(rules)
    path.write_text(tomli_w.dumps(document), encoding="utf-8")
    return folder
