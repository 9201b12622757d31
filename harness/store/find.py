"""Finding runs: by name, by place, by age, by label."""

from __future__ import annotations

import json
import re
from pathlib import Path

from harness.counted import agreeing, counted
from harness.errors import UsageError, did_you_mean, near_names
from harness.files.caller import as_caller
from harness.files.reading import is_file, read_text
from harness.model.label import name_by_label
from harness.model.stored.environment import StoredEnvironment
from harness.store.layout import ENVIRONMENT, KEPT_SAMPLES, SAMPLES, samples_file

_MOST_NAMED = 5
"""Labels in one error."""


def find_run(name: str, results: Path) -> Path:
    """The folder of a run named by path, `<machine>/<run>`, `<run>`, `latest`, or `@LABEL`.

    `latest~1` is the run before the latest, `@LABEL~1` the one before the newest with that label.
    Runs whose samples are compressed were kept, not just measured: `latest` is none of them.
    """
    if back := re.fullmatch(r"latest(?:~(\d{1,6}))?", name):
        return _latest(results, int(back[1] or 0))
    if labelled := re.fullmatch(r"@([^~]*)(?:~(\d{1,6}))?", name):
        return _labelled(results, labelled[1], int(labelled[2] or 0))
    for folder in (Path(name), results / name, *_find(results, f"*/{name}")):
        if is_file(samples_file(folder)):
            return folder
    if name in _labels(results).values():
        raise UsageError(f"{name!r} is not a run but a label", remedy=f"name it @{name}")
    raise UsageError(
        f"{name!r} is not a run",
        remedy=f"name a folder with {SAMPLES}, or one that `auditbench list runs` shows",
    )


def measured_runs(results: Path) -> list[Path]:
    """The folders of the runs measured on machines of these results, the newest last: `latest`."""
    runs = sorted(_find(results, f"*/*/{SAMPLES}"), key=lambda path: path.parent.name)
    return [path.parent for path in runs]


def latest_name(back: int) -> str:
    """The name of the run so many before the latest."""
    return f"latest~{back}" if back else "latest"


def short_names(results: Path) -> dict[Path, str]:
    """The word that names each measured run, by its folder with links followed: `latest~3`."""
    runs = reversed(measured_runs(results))
    return {folder.resolve(): latest_name(back) for back, folder in enumerate(runs)}


def no_run_under(results: Path) -> UsageError:
    """The mistake of asking for runs where there are none, or no such folder."""
    return UsageError(
        f"no run under {results}",
        remedy="make one with `auditbench run`, or name the folder that has some: --results DIR",
    )


def _latest(results: Path, back: int) -> Path:
    runs = measured_runs(results)
    if not runs and _find(results, f"*/*/{KEPT_SAMPLES}"):
        raise UsageError(
            f"all runs under {results} are compressed, and `latest` is none of those",
            remedy="name one that `auditbench list runs` shows",
        )
    if not runs:
        raise no_run_under(results)
    if back >= len(runs):
        raise UsageError(
            f"latest~{back} is not a run: {results} holds {len(runs)}",
            remedy=f"the oldest is {latest_name(len(runs) - 1)}",
        )
    return runs[-1 - back]


def _labelled(results: Path, label: str, back: int) -> Path:
    labels = _labels(results)
    runs = [folder for folder, its in labels.items() if its == label]
    if not runs:
        names = [f"@{name}" for name in dict.fromkeys(reversed(labels.values()))]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        near = near_names(f"@{label}", names)
        there = f"{did_you_mean(near)} There" if near else "there"
        raise UsageError(
            f"no run under {results} has the label {label!r}",
            remedy=f"{there} is {', '.join(names[:_MOST_NAMED])}{more}"
            if names
            else "give a run one with `auditbench run --label NAME`",
        )
    if back >= len(runs):
        raise UsageError(
            f"@{label}~{back} is not a run: {counted(len(runs), 'run')} under {results} "
            f"{agreeing(len(runs), 'has', 'have')} this label",
            remedy=f"the oldest is @{label}~{len(runs) - 1}" if len(runs) > 1 else f"use @{label}",
        )
    return runs[-1 - back]


def _labels(results: Path) -> dict[Path, str]:
    """The label of each run that has one; the newest last, and kept runs before those measured."""
    if not results.is_dir():
        return {}
    folders = sorted(list_runs(results), key=lambda run: (is_file(run / SAMPLES), run.name))
    labels = ((folder, read_label(folder)) for folder in folders)
    return {folder: label for folder, label in labels if label}


def read_label(folder: Path) -> str:
    """The label of a run, empty where it has none that can name it or cannot be read."""
    try:
        environment = StoredEnvironment.read(json.loads(read_text(folder / ENVIRONMENT)))
    except (OSError, ValueError, RecursionError):
        return ""
    return name_by_label(environment)


def list_runs(folder: Path) -> list[Path]:
    """The folders of all runs in a folder and two levels below it, measured or kept, by name.

    Raises UsageError where there is no such folder.
    """
    if not folder.is_dir():
        raise no_run_under(folder)
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
