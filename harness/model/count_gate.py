"""A gate on counts: its checks, and the report of them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.count import CountedResult, HeadAndBase
from harness.model.gate import BlindCheck, GateVerdict, Limit, Outcome, gate_verdict


@dataclass(frozen=True, slots=True)
class CountCheck(HeadAndBase):
    """A limit on one metric of one cell; `base` and `head` are numbers of that metric.

    `against` is what `base` is of: a scenario of the same run, or another run. `floor` is how far
    boots of the same lie apart, None where that is unknown.
    """

    limit: Limit
    kernel: str
    workload: str
    scenario: str
    against: str
    base: float
    head: float
    floor: float | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class CountGateReport:
    """All that a gate says of a counted run; `result` is None where only coverage was asked."""

    checks: tuple[CountCheck, ...]
    result: CountedResult | None
    doubts: tuple[str, ...] = ()
    """Why it is not trustworthy; empty where it is."""
    cautions: tuple[Caution, ...] = ()
    inconclusive_passes: bool = False
    blind: tuple[BlindCheck, ...] = ()

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
