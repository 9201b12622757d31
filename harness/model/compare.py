"""The types of a comparison across runs: what changed from BASE to HEAD.

Like `harness.model` they are frozen, flow in one direction and do nothing themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.caution import Caution
from harness.model.result import Comparison, LossComparison
from harness.model.run import AA, Cell

Method = Literal["paired", "of-ratios", "plain"]
"""`paired`: by block, within one run. `of-ratios`: each run's ratio to its own reference.
`plain`: of the metric itself, where there is no reference to take out the machine's drift."""

ChangeVerdict = Literal["worse", "no-worse", "inconclusive", "untrustworthy"]


@dataclass(frozen=True, slots=True)
class Change:
    """One cell and metric of HEAD against the same of BASE.

    In `comparison` the estimate is HEAD's and the reference BASE's; its ratio is made by `method`.
    `plain_ratio` with its 95 % interval is that of the metric itself, drift of the machine
    included; None within one run.
    """

    comparison: Comparison
    method: Method
    base_scenario: str
    base_consumer: str
    plain_ratio: float | None = None
    plain_low: float | None = None
    plain_high: float | None = None
    indivisible: bool = False
    """Whether a run has a reference for the cell and the metric, but cannot be divided by it: a
    value is zero or below."""

    @property
    def counts(self) -> bool:
        """Whether it bears on the answer: a reference and an A/A cell show noise and drift."""
        return not self.is_reference and not self.comparison.cell.scenario.endswith(AA)

    @property
    def is_reference(self) -> bool:
        """Whether the cell is what each run compares its others with."""
        return self.comparison.verdict == "reference"


@dataclass(frozen=True, slots=True)
class LossChange:
    """Loss of one cell in both runs; the difference and the verdict stand in `head`."""

    base: LossComparison
    head: LossComparison


@dataclass(frozen=True, slots=True)
class WaitChange:
    """A cell of HEAD of whose time more than 2 % was waiting for room in the backlog, there or in
    BASE. The shares are of the elapsed time, 0 to 1; None is not known.
    """

    cell: Cell
    base: float | None
    head: float | None


@dataclass(frozen=True, slots=True)
class RunChanges:
    """One HEAD against BASE, both by name, with the scenario where one was chosen."""

    base: str
    head: str
    within: bool
    """Whether both are cells of one run, and so paired by block."""
    changes: tuple[Change, ...]
    losses: tuple[LossChange, ...]
    cautions: tuple[Caution, ...]
    trustworthy: bool = True
    waits: tuple[WaitChange, ...] = ()
    boots: tuple[int, int] | None = None
    """How many runs each side is pooled from, each one block; None where each is one run."""


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """Every HEAD against one BASE. `primary` is the metric that must not stay inconclusive."""

    pairs: tuple[RunChanges, ...]
    primary: str
    operation: str = "operation"

    @property
    def verdict(self) -> ChangeVerdict:
        """The answer: what is not trustworthy comes first, then what got worse."""
        if not all(pair.trustworthy for pair in self.pairs):
            return "untrustworthy"
        changes = [change for pair in self.pairs for change in pair.changes if change.counts]
        verdicts = {change.comparison.verdict for change in changes}
        verdicts |= {loss.head.verdict for pair in self.pairs for loss in pair.losses}
        if verdicts & {"worse", "lost"}:
            return "worse"
        open_ones = (
            change.comparison.verdict in ("inconclusive", "no-reference")
            for change in changes
            if change.comparison.metric == self.primary
        )
        return "inconclusive" if self.without_answer or any(open_ones) else "no-worse"

    @property
    def without_answer(self) -> tuple[RunChanges, ...]:
        """Those in which nothing but the reference and its A/A cell has the primary metric."""
        return tuple(
            pair
            for pair in self.pairs
            if not any(
                change.counts and change.comparison.metric == self.primary
                for change in pair.changes
            )
        )
