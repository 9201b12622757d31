"""The types of what is decided about measurements: a gate's limits and checks, and A against B.

Like `harness.model` they are frozen, flow in one direction and do nothing themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.model import Caution, Cell, Comparison, LossComparison, Result

LOST = "lost"
"""The metric of a limit on loss."""

Outcome = Literal["pass", "fail", "inconclusive"]
GateVerdict = Literal["pass", "fail", "inconclusive", "untrustworthy"]
ContestVerdict = Literal["worse", "better", "equal", "inconclusive", "untrustworthy"]
Yardstick = Literal["reference", "time", "loss"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a cell may cost at most.

    `bound` is a ratio to the reference (`reference`), nanoseconds per operation (`time`), or the
    trials that may lose events (`loss`), by `yardstick`. `scope` are names of workloads,
    scenarios and consumers that a cell must all have; none is every cell but the reference.
    """

    text: str
    metric: str
    bound: float
    yardstick: Yardstick
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
class GateReport:
    """All that a gate says. `results` are the runs judged, the newest measurement last."""

    checks: tuple[Check, ...]
    results: tuple[Result, ...]
    distrust: tuple[str, ...] = ()
    """Why the measurement is not trustworthy; empty where it is."""
    cautions: tuple[Caution, ...] = ()
    inconclusive_passes: bool = False

    @property
    def verdict(self) -> GateVerdict:
        """Of all checks together; `inconclusive` only where that does not pass."""
        if self.distrust:
            return "untrustworthy"
        outcomes = {check.outcome for check in self.checks}
        if "fail" in outcomes:
            return "fail"
        return "inconclusive" if "inconclusive" in outcomes and self.strict else "pass"

    @property
    def strict(self) -> bool:
        """Whether what cannot be decided does not pass."""
        return not self.inconclusive_passes


@dataclass(frozen=True, slots=True)
class Contestant:
    """One of the two rule sets: how the question calls it, its file, its scenario's name."""

    letter: str
    file: str
    scenario: str


@dataclass(frozen=True, slots=True)
class Contest:
    """Two rule sets, each against the other and both against the reference of their run.

    `comparisons` and `losses` are of A and B with A as the reference; those against the run's own
    reference stand in `result`. `operations` say what one operation is, by workload.
    """

    a: Contestant
    b: Contestant
    result: Result
    comparisons: tuple[Comparison, ...]
    losses: tuple[LossComparison, ...]
    distrust: tuple[str, ...] = ()
    operations: dict[str, str] = field(default_factory=dict)

    @property
    def primary(self) -> tuple[Comparison, ...]:
        """B against A by the metric that the answer is about, one per workload and consumer."""
        return tuple(
            comparison
            for comparison in self.comparisons
            if comparison.metric == self.result.primary
            and comparison.cell.scenario == self.b.scenario
        )

    @property
    def losses_of_b(self) -> tuple[LossComparison, ...]:
        """Loss of B against A, one per workload and consumer."""
        return tuple(loss for loss in self.losses if loss.cell.scenario == self.b.scenario)

    @property
    def inconclusive(self) -> bool:
        """Whether cost or loss is inconclusive in any workload."""
        found = {comparison.verdict for comparison in self.primary}
        loss = any(loss.verdict == "inconclusive" for loss in self.losses_of_b)
        return not found or bool(found - {"worse", "better", "equal"}) or loss

    @property
    def verdict(self) -> ContestVerdict:
        """`worse` where B costs more or loses more in any workload, then what is inconclusive."""
        if self.distrust:
            return "untrustworthy"
        found = {comparison.verdict for comparison in self.primary}
        found |= {loss.verdict for loss in self.losses_of_b}
        if "worse" in found:
            return "worse"
        if self.inconclusive:
            return "inconclusive"
        return "better" if "better" in found else "equal"
