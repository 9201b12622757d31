"""Counted runs against each other: what changed from BASE to HEAD, in instructions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.caution import Caution
from harness.model.count import INSTRUCTIONS, CountVerdict, HeadAndBase
from harness.model.rules.coverage_change import CoverageChange
from harness.model.stored.environment import StoredGuest

CountAnswer = Literal["worse", "no-worse", "inconclusive", "untrustworthy"]


@dataclass(frozen=True, slots=True)
class CountChange(HeadAndBase):
    """One metric of one cell of HEAD against the same of BASE; `base` and `head` are numbers of it.

    `kernel` and `scenario` are HEAD's. `floor` is the larger one of both sides; `margin` is a share
    of `base`.
    """

    kernel: str
    workload: str
    scenario: str
    metric: str
    base_kernel: str
    base_scenario: str
    base: float
    head: float
    margin: float
    floor: float | None
    verdict: CountVerdict


@dataclass(frozen=True, slots=True)
class CountPair:
    """One HEAD against BASE, both by name, with what was chosen of them."""

    base: str
    head: str
    changes: tuple[CountChange, ...]
    cautions: tuple[Caution, ...] = ()
    trustworthy: bool = True
    guests: tuple[StoredGuest, StoredGuest] | None = None
    """BASE's kernel and HEAD's where two kernels, or two builds of one, are compared."""


@dataclass(frozen=True, slots=True)
class CountReport:
    """Every HEAD against one BASE. `primary` is the metric that must not stay inconclusive.

    `coverage` is what two rule files record, where that was asked.
    """

    pairs: tuple[CountPair, ...]
    primary: str = INSTRUCTIONS
    coverage: tuple[CoverageChange, ...] = ()

    @property
    def verdict(self) -> CountAnswer:
        """The answer: what is not trustworthy comes first, then what got worse."""
        if not all(pair.trustworthy for pair in self.pairs):
            return "untrustworthy"
        changes = [change for pair in self.pairs for change in pair.changes]
        if any(change.verdict == "worse" for change in changes):
            return "worse"
        first = [c.verdict for c in changes if c.metric == self.primary]
        unknown = not first or bool({"below-floor", "no-floor"} & set(first))
        return "inconclusive" if unknown else "no-worse"
