"""Two rule files of one run, each against the other: measured in time, or counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.model.caution import Caution
from harness.model.count import INSTRUCTIONS, CountedResult
from harness.model.count_changes import CountChange
from harness.model.result import Comparison, LossComparison, Result
from harness.model.rules.coverage_change import CoverageChange

AbVerdict = Literal["worse", "better", "equal", "inconclusive", "untrustworthy"]


@dataclass(frozen=True, slots=True)
class AbSide:
    """One of the two rule sets: how the question calls it, its file, its scenario's name."""

    letter: str
    file: str
    scenario: str


@dataclass(frozen=True, slots=True)
class AbReport:
    """Two rule sets, each against the other and both against the reference of their run.

    `comparisons` and `losses` are of A and B with A as the reference; those against the run's own
    reference stand in `result`. `operations` say what one operation is, by workload.
    """

    a: AbSide
    b: AbSide
    result: Result
    comparisons: tuple[Comparison, ...]
    losses: tuple[LossComparison, ...]
    without_waiting: tuple[Comparison, ...] = ()
    """B against A in the primary metric where one of them waited for room in the backlog: each of
    them with the larger backlog if it was measured with one."""
    doubts: tuple[str, ...] = ()
    operations: dict[str, str] = field(default_factory=dict)
    coverage: tuple[CoverageChange, ...] = ()
    """What A records and B does not, where that was asked; B is HEAD."""

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
    def unmatched(self) -> tuple[AbSide, ...]:
        """Those of the two of which nothing matched, so that there is no price to compare."""
        names = self.result.unmatched_scenarios
        return tuple(side for side in (self.a, self.b) if side.scenario in names)

    @property
    def losses_of_b(self) -> tuple[LossComparison, ...]:
        """Loss of B against A, one per workload and consumer."""
        return tuple(loss for loss in self.losses if loss.cell.scenario == self.b.scenario)

    @property
    def inconclusive(self) -> bool:
        """Whether cost or loss is inconclusive in any workload."""
        found = {comparison.verdict for comparison in self.primary}
        loss = any(loss.verdict == "inconclusive" for loss in self.losses_of_b)
        return not found or bool(found - {"worse", "better", "equal", "lost"}) or loss

    @property
    def verdict(self) -> AbVerdict:
        """`worse` where B costs more or loses more in any workload, then what is inconclusive."""
        if self.doubts:
            return "untrustworthy"
        found = {comparison.verdict for comparison in self.primary}
        found |= {loss.verdict for loss in self.losses_of_b}
        if found & {"worse", "lost"}:
            return "worse"
        if self.inconclusive:
            return "inconclusive"
        return "better" if "better" in found else "equal"


@dataclass(frozen=True, slots=True)
class CountAbReport:
    """Two rule sets of one counted run: `changes` are of B against A, `costs` of both against the
    reference, all metrics that are costs. `operations` say what one operation is, by workload.
    """

    a: AbSide
    b: AbSide
    result: CountedResult
    changes: tuple[CountChange, ...]
    costs: tuple[CountChange, ...]
    cautions: tuple[Caution, ...] = ()
    doubts: tuple[str, ...] = ()
    operations: dict[str, str] = field(default_factory=dict)
    coverage: tuple[CoverageChange, ...] = ()
    """What B records of what A does, where that was asked."""

    @property
    def decided(self) -> tuple[CountChange, ...]:
        """What the answer is about: the load's own cost, and what else is worse or better."""
        return tuple(
            change
            for change in self.changes
            if change.metric == INSTRUCTIONS or change.verdict in ("worse", "better")
        )

    @property
    def verdict(self) -> AbVerdict:
        """`worse` where B costs more in any workload, then what is inconclusive."""
        if self.doubts:
            return "untrustworthy"
        found = {change.verdict for change in self.decided}
        if "worse" in found:
            return "worse"
        if not found or found & {"below-floor", "no-floor"}:
            return "inconclusive"
        return "better" if "better" in found else "equal"
