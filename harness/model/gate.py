"""A gate: limits, checks, and the report of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from harness.model.caution import Caution
from harness.model.result import Result
from harness.model.rules.coverage_change import CoverageChange
from harness.model.run import Cell

LOST = "lost"
"""The metric of a limit on loss."""
BLIND = "blind"
"""The metric of a limit on operations that are no longer recorded."""

Outcome = Literal["pass", "fail", "inconclusive", "no-events"]
"""`no-events`: of a limit on loss or coverage, where there was nothing that could be lost."""

GateVerdict = Literal["pass", "fail", "inconclusive", "untrustworthy"]

LimitBasis = Literal["reference", "time", "size", "loss", "coverage"]


def gate_verdict(
    outcomes: Iterable[Outcome], doubts: Sequence[str], *, strict: bool
) -> GateVerdict:
    """Of all checks together; `inconclusive` only where what cannot be decided does not pass.

    Checks of which none had an event that could be lost decide nothing.
    """
    found = set(outcomes)
    if doubts:
        return "untrustworthy"
    if "fail" in found:
        return "fail"
    is_open = "inconclusive" in found or found == {"no-events"}
    return "inconclusive" if is_open and strict else "pass"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a cell may cost at most.

    `bound` is a ratio to the reference (`reference`), nanoseconds (`time`), bytes (`size`), or
    the trials that may lose events (`loss`), or the operations that may no longer be recorded
    (`coverage`), by `basis`. `scope` are names of workloads, scenarios and consumers that a cell
    must all have, or of rule files and kernels; none is every cell but the reference.
    """

    text: str
    metric: str
    bound: float
    basis: LimitBasis
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement of a cell against a limit, in the units of the limit's bound.

    For loss, `estimate` and its interval are the share of trials that lost events, and `lossy`
    is their number. `count` are the blocks, or for loss the trials. `detectable` is the relative
    difference that so many blocks can show, `blocks_needed` about how many would decide.
    """

    run: str
    outcome: Outcome
    estimate: float | None
    low: float | None
    high: float | None
    count: int
    detectable: float | None = None
    blocks_needed: int | None = None
    lossy: int = 0
    note: str = ""
    """Why there is no interval."""
    decided_by: str = ""
    """Of an inconclusive reading: the metric that the same limit would decide."""


@dataclass(frozen=True, slots=True)
class Check:
    """A limit on one cell with its readings: one, or two where the first was beyond the limit."""

    limit: Limit
    cell: Cell
    against: str
    """What it was compared with."""
    readings: tuple[Reading, ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BlindCheck:
    """A limit on what a rule file no longer records, under one kernel."""

    limit: Limit
    change: CoverageChange

    @property
    def outcome(self) -> Outcome:
        """A file that recorded nothing cannot be made blind; a doubt decides nothing."""
        if self.change.doubts:
            return "inconclusive"
        if self.change.lost:
            return "fail"
        return "pass" if self.change.recorded else "no-events"


class _HasOutcome(Protocol):
    @property
    def outcome(self) -> Outcome: ...


class Judged:
    """What follows from all checks of a gate, whatever was measured."""

    __slots__ = ()

    checks: Sequence[_HasOutcome]
    blind: Sequence[BlindCheck]
    doubts: Sequence[str]
    inconclusive_passes: bool

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of each check."""
        own = (check.outcome for check in self.checks)
        return (*own, *(check.outcome for check in self.blind))

    @property
    def verdict(self) -> GateVerdict:
        """Of all checks together; `inconclusive` only where that does not pass."""
        return gate_verdict(self.outcomes, self.doubts, strict=self.strict)

    @property
    def tests_nothing(self) -> bool:
        """Whether there was nothing that could be lost, and nothing else was asked."""
        return set(self.outcomes) == {"no-events"}

    @property
    def strict(self) -> bool:
        """Whether what cannot be decided does not pass."""
        return not self.inconclusive_passes


@dataclass(frozen=True, slots=True)
class GateReport(Judged):
    """All that a gate says. `results` are the runs judged, the newest measurement last."""

    checks: tuple[Check, ...]
    results: tuple[Result, ...]
    doubts: tuple[str, ...] = ()
    """Why the measurement is not trustworthy; empty where it is."""
    cautions: tuple[Caution, ...] = ()
    inconclusive_passes: bool = False
    blind: tuple[BlindCheck, ...] = ()
