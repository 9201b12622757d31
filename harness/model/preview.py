"""What a run would do, measured in time or counted, before it does anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.model.matching import Login, RuleMatches
from harness.model.run import Cell
from harness.model.searches.size import Sizing


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a run will probably take.

    `measured` of `cells` took their time here before, in `runs` stored runs; the time of the others
    is guessed from their operations. `seconds` is None where a command of the user's was never
    measured here. `least` and `most` say that more blocks may follow, or that the time is limited.
    """

    seconds: float | None
    cells: int
    measured: int
    runs: int
    is_least: bool = False
    """Whether blocks are added until the intervals are narrow enough."""
    most_s: float | None = None
    of_search: bool = False
    """Whether trials follow from those before, so that their number is a guess, too."""
    of_soak: bool = False
    """Whether the interval is that of one long trial."""


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """A cell of a plan. `limits` are the settings and other knobs that it sets."""

    cell: Cell
    operations: int
    rules: tuple[str, ...]
    """The rules in force in it, as `auditctl -l` shows them."""
    limits: Mapping[str, Any]
    touches_audit: bool
    """False for a state in which audit must not be touched."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A run as it would be. `changes` are all changes to the host, in words."""

    plan: str
    summary: str
    machine: str
    cells: tuple[PlannedCell, ...]
    blocks: int
    """Without the warm-up."""
    trials: int
    seed: int
    cpus: Mapping[str, tuple[int, ...]]
    changes: tuple[str, ...]
    estimate: Estimate
    login: Login | None = None
    matching: tuple[RuleMatches, ...] = ()
    left_out: tuple[str, ...] = ()
    victim: str = ""
    """The innocent load beside the noisy one, in words; empty without one."""
    sizing: Sizing | None = None
    """What a search for the backlog is about."""
    profiled: tuple[Cell, ...] = ()
    """The cells of which kernel stacks are sampled afterwards."""
    results: str = ""
    """The folder that the run would be stored in."""


@dataclass(frozen=True, slots=True)
class CountPreview:
    """A counted run as it would be; `kernels` say which each of them is, in words.

    Each is booted `boots` times, and up to `most_boots` times where these do not agree. `trials`
    are those of the first boots of all kernels, of which `at_once` guests run at the same time.
    `seconds` is how long they take where nobody else wants the CPUs, by a guess.
    """

    plan: str
    summary: str
    machine: str
    kernels: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    boots: int
    most_boots: int
    trials: int
    at_once: int
    seconds: float
    login: Login | None = None
    matching: tuple[RuleMatches, ...] = ()
    left_out: tuple[str, ...] = ()
    results: str = ""
    """The folder that the run would be stored in."""
