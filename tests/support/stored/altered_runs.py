"""Made-up runs, altered: slower, lossy, invalid, unaccounted for. No number is a measurement."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.store import SAMPLES
from tests.support.runs import made_up_run

Change = Callable[[dict[str, Any]], None]


def altered_run(folder: Path, *changes: Change, blocks: int = 8) -> Path:
    """A made-up run whose samples all went through these changes; its folder."""
    made_up_run(folder, blocks)
    path = folder / SAMPLES
    documents = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for document in documents:
        for change in changes:
            change(document)
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return folder


def slower(scenario: str, factor: float, *, spread: float = 0.0) -> Change:
    """Every time of a scenario multiplied, by more and less in turn where there is a spread."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == scenario:
            sign = 1 if sample["block"] % 2 else -1
            for name in sample["metrics"]:
                sample["metrics"][name] *= factor * (1 + sign * spread)

    return change


def lossy(scenario: str, *, every: int = 1, events: int = 10) -> Change:
    """Some events of a scenario refused by the backlog in every n-th block."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == scenario and sample["block"] % every == 0:
            ledger = sample["ledger"]
            ledger["complete"] -= events
            ledger["refused"] = ledger["lost"] = events

    return change


def all_known(sample: dict[str, Any]) -> None:
    """The ledgers also know what `never` rules kept back: nothing."""
    sample["ledger"]["suppressed"] = 0


def invalid(scenario: str = "") -> Change:
    """Every trial of a scenario, or of all, is not to be used."""

    def change(sample: dict[str, Any]) -> None:
        if scenario in ("", sample["scenario"]):
            sample["valid"], sample["invalid_reason"] = False, "made up"

    return change


def unexplained(scenario: str) -> Change:
    """The ledgers of a scenario do not close."""

    def change(sample: dict[str, Any]) -> None:
        if sample["scenario"] == scenario:
            sample["ledger"]["unexplained"] = 3

    return change


def without_ledger(sample: dict[str, Any]) -> None:
    """Nobody counted anything."""
    for name, value in sample["ledger"].items():
        if not isinstance(value, str):
            sample["ledger"][name] = None
