"""Removing runs: only what a run wrote, only inside the folder of results, never through a link."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.files.caller import why
from harness.files.inside import open_inside
from harness.store.layout import ENVIRONMENT, KEPT_SAMPLES, PLAN, PROFILES, REPORT, SAMPLES
from harness.store.lock import is_measuring

_OURS = frozenset({SAMPLES, KEPT_SAMPLES, PLAN, ENVIRONMENT, PROFILES, REPORT})
_DRAFT = re.compile(r"\.(?:samples\.jsonl|plan\.toml|environment\.json)\.[0-9a-f]{16}\.new")
_DEEPEST = 2
"""A run is at most so far below the folder of results: `<machine>/<run>`."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A run that was removed. `left` are files in its folder that it did not write."""

    folder: Path
    left: tuple[str, ...] = ()


def require_removable(folder: Path, results: Path) -> None:
    """UsageError for a run outside of the results, reached through a link, or being measured."""
    parts = _parts_below(folder, results)
    with _as_usage_error(folder), open_inside(results, parts) as inner:
        if is_measuring(inner.descriptor):
            raise UsageError(f"{folder} is being measured", remedy="stop that run first")


def remove_run(folder: Path, results: Path) -> Removed:
    """Remove a run's files, and its folder if nothing of others is in it.

    Raises UsageError as `require_removable` does, and where the caller may not remove them.
    """
    require_removable(folder, results)
    parts = _parts_below(folder, results)
    with _as_usage_error(folder), open_inside(results, parts) as inner:
        names = inner.names()
        ours = [name for name in names if name in _OURS or _DRAFT.fullmatch(name)]
        # The samples last: until then it still is a run, and can be removed again.
        for name in sorted(ours, key=lambda name: name in (SAMPLES, KEPT_SAMPLES)):
            inner.remove(name)
        left = tuple(name for name in names if name not in ours)
        if not left:
            inner.remove_itself()
    if not left and len(parts) == _DEEPEST:
        # The machine's folder goes with its last run.
        with contextlib.suppress(OSError), open_inside(results, parts[:1]) as machine:
            machine.remove_itself()
    return Removed(folder, left)


def _parts_below(folder: Path, results: Path) -> tuple[str, ...]:
    """The way from the results to a run, as it was named; links are no part of it."""
    # Not resolved: a link is refused when it is opened, not followed here.
    relative = os.path.relpath(os.path.abspath(folder), os.path.abspath(results))  # noqa: PTH100
    parts = Path(relative).parts
    if not 1 <= len(parts) <= _DEEPEST or ".." in parts:
        raise UsageError(
            f"{folder} is not a run of {results}",
            remedy="only runs of that folder are removed; --results DIR names another",
        )
    return parts


@contextlib.contextmanager
def _as_usage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except NotADirectoryError:
        raise UsageError(
            f"{folder} cannot be removed: a part of this path is a symbolic link",
            remedy="name the run's own folder",
        ) from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be removed ({why(error)})") from error
