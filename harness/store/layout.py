"""The files of a run's folder, `<folder>/<machine>/<run>/`."""

from __future__ import annotations

from pathlib import Path

from harness.files.reading import is_file

SAMPLES = "samples.jsonl"
KEPT_SAMPLES = "samples.jsonl.xz"
"""The same, compressed: a run that is kept for others to read, never one just measured."""
PLAN = "plan.toml"
ENVIRONMENT = "environment.json"


def samples_file(folder: Path) -> Path:
    """Where the samples of a run are: as they were measured, or else compressed."""
    kept = folder / KEPT_SAMPLES
    return kept if is_file(kept) and not is_file(folder / SAMPLES) else folder / SAMPLES
