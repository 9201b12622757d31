"""The files of a run's folder, `<folder>/<machine>/<run>/`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from harness.files.reading import exists, is_file

SAMPLES = "samples.jsonl"
KEPT_SAMPLES = "samples.jsonl.xz"
"""The same, compressed: a run that is kept for others to read, never one just measured."""
PLAN = "plan.toml"
ENVIRONMENT = "environment.json"
PROFILES = "profiles.jsonl"
"""Sampled kernel stacks, of a run that was asked for them."""
REPORT = "report.html"
"""What `auditbench report` writes beside them unless told otherwise."""


def samples_file(folder: Path) -> Path:
    """Where the samples of a run are: as they were measured, or else compressed."""
    kept = folder / KEPT_SAMPLES
    return kept if is_file(kept) and not is_file(folder / SAMPLES) else folder / SAMPLES


def new_folder(results: Path, machine: str, plan: str) -> Path:
    """The folder of a run that begins now: by machine, time and plan; one that is not there yet."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    folder = results / machine / f"{stamp}-{plan}"
    number = 2
    while exists(folder):
        folder = folder.with_name(f"{stamp}-{plan}-{number}")
        number += 1
    return folder
