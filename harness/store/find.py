"""Finding runs: by name, by place, by age."""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import as_caller
from harness.files.reading import is_file
from harness.store.layout import KEPT_SAMPLES, SAMPLES, samples_file


def find_run(name: str, results: Path) -> Path:
    """The folder of a run named by path, by `<machine>/<run>`, by `<run>`, or as `latest`.

    `latest~1` is the run before the latest, `latest~2` the one before that. Runs whose samples are
    compressed were kept, not just measured: they are found by name only.
    """
    if back := re.fullmatch(r"latest(?:~(\d{1,6}))?", name):
        return _latest(results, int(back[1] or 0))
    for folder in (Path(name), results / name, *_find(results, f"*/{name}")):
        if is_file(samples_file(folder)):
            return folder
    raise UsageError(
        f"{name!r} is not a run", remedy=f"name a folder with {SAMPLES}, or `latest` of {results}"
    )


def _latest(results: Path, back: int) -> Path:
    runs = sorted(_find(results, f"*/*/{SAMPLES}"), key=lambda path: path.parent.name)
    if not runs:
        raise UsageError(f"no run under {results}", remedy="make one with `auditbench run`")
    if back >= len(runs):
        raise UsageError(
            f"latest~{back} is not a run: {results} holds {len(runs)}",
            remedy=f"the oldest is latest~{len(runs) - 1}" if len(runs) > 1 else "use `latest`",
        )
    return runs[-1 - back].parent


def list_runs(folder: Path) -> list[Path]:
    """The folders of all runs in a folder and two levels below it, measured or kept, by name.

    Raises UsageError where there is no such folder.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", remedy="name one that runs are stored in")
    found = {
        path.parent
        for name in (SAMPLES, KEPT_SAMPLES)
        for pattern in (name, f"*/{name}", f"*/*/{name}")
        for path in _find(folder, pattern)
    }
    return sorted(found, key=lambda run: (run.name, run))


def _find(folder: Path, pattern: str) -> list[Path]:
    """What matches in a folder, as far as the caller may look into it."""
    with as_caller():
        return sorted(folder.glob(pattern))
