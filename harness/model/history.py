"""The types of a history: runs of one plan on one machine, one after the other.

Like `harness.model` they are frozen, flow in one direction and do nothing themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.result import Verdict
from harness.model.run import Cell

MIN_RUNS = 6
"""With fewer nobody can tell a change of level from how runs differ anyway."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of level that begins with a run; levels in the same terms as `Point.level`."""

    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Point:
    """One cell and metric in one run.

    `level` is what is followed: the ratio to the reference, or the estimate itself where the track
    has no reference. `verdict` is that against the trustworthy run before it, None
    without one; `change` the ratio that it judges: of both ratios where there are two.
    """

    level: float | None
    ci_low: float | None
    ci_high: float | None
    estimate: float
    blocks: int
    verdict: Verdict | None = None
    change: float | None = None
    step: Step | None = None
    waited: float | None = None
    """Of the elapsed time, the share that the load waited for room in the backlog, 0 to 1; None
    where it is not known, and of other metrics.
    """


@dataclass(frozen=True, slots=True)
class Track:
    """One cell and metric over all runs; None for a run that does not have it.

    `judged` are the runs in which change points were looked for, 0 where they were too few.
    """

    cell: Cell
    metric: str
    unit: str
    is_ratio: bool
    points: tuple[Point | None, ...]
    judged: int
    kernel: str = ""
    """Of counted runs of several kernels, the one that it is of."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in a history. `notes` say in what it differs from the run before it."""

    name: str
    started_at: str
    """UTC, ISO 8601."""
    label: str
    complete: bool
    trustworthy: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """Runs of one plan on one machine, oldest first, and every cell over them.

    `cautions` tell of runs that are damaged or left out because they are of another kind.
    """

    machine: str
    plan: str
    metrics: tuple[str, ...]
    runs: tuple[PastRun, ...]
    tracks: tuple[Track, ...]
    cautions: tuple[Caution, ...] = ()
    least_runs: int = MIN_RUNS
    """With fewer no change of level is looked for."""
