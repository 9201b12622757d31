"""A stored run as a list of runs has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.result import Verdict


@dataclass(frozen=True, slots=True)
class ListedRun:
    """One run. `word` is the shortest name that finds it: `latest~2`, or that of its folder."""

    word: str
    name: str
    """`<machine>/<run>`."""
    folder: str
    started_at: str = ""
    """UTC, ISO 8601."""
    label: str = ""
    """The label that the user gave it."""
    plan: str = ""
    rules: tuple[str, ...] = ()
    """The user's rule files."""
    command: tuple[str, ...] = ()
    """The command measured as the workload."""
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)
    """Cells by their verdict in the primary metric, A/A cells aside."""
    complete: bool = True
    trustworthy: bool = True
    damage: str = ""
    """Why it cannot be read; empty if it can."""
    counted: bool = False
    """Whether it counts instructions, and so has no verdicts of its own."""
