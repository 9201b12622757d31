"""A gate on counts: its checks, and the report of them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.count import CountedResult, HeadAndBase
from harness.model.gate import BlindCheck, Judged, Limit, Outcome


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
class CountGateReport(Judged):
    """All that a gate says of a counted run; `result` is None where only coverage was asked."""

    checks: tuple[CountCheck, ...]
    result: CountedResult | None
    doubts: tuple[str, ...] = ()
    """Why it is not trustworthy; empty where it is."""
    cautions: tuple[Caution, ...] = ()
    inconclusive_passes: bool = False
    blind: tuple[BlindCheck, ...] = ()
