"""The bill of a rule file in times, with intervals: of trials under random parts of the file."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.cover import RuleAt


@dataclass(frozen=True, slots=True)
class Time:
    """An estimate in ns per call, and the 95 % interval around it."""

    ns: float
    low_ns: float
    high_ns: float

    def overlaps(self, other: Time) -> bool:
        """Whether the two cannot be told apart."""
        return self.low_ns <= other.high_ns and other.low_ns <= self.high_ns

    @property
    def is_told(self) -> bool:
        """Whether it can be told from zero."""
        return not self.low_ns <= 0 <= self.high_ns


@dataclass(frozen=True, slots=True)
class TimedLine:
    """One line, in ns per call that no rule records.

    `tax` is what it adds to every other call. `group` is the number of lines that were priced
    together: each has an equal part. `equal` says that its interval overlaps that of the line
    above.
    """

    rule: RuleAt
    tax: Time
    group: int = 1
    equal: bool = False


@dataclass(frozen=True, slots=True)
class TimedBill:
    """All of it. `no_rules` is a call with audit on and no rule; `any_rule`, what a first rule
    adds; `whole`, what the file adds, measured as a whole. `folder` is the stored run.
    """

    files: tuple[str, ...]
    lines: tuple[TimedLine, ...]
    no_rules: Time
    any_rule: Time
    whole: Time
    trials: int
    left_aside: int
    """Trials that were disturbed, or far from what all others say."""
    folder: str
    cautions: tuple[Caution, ...] = ()
    interrupted: bool = False
    """Whether the run was stopped, and this is of what was measured until then."""

    @property
    def taxes_ns(self) -> float:
        """The sum of all lines."""
        return sum(line.tax.ns for line in self.lines)

    @property
    def residue_ns(self) -> float:
        """What of the file as a whole is neither the first row nor in any line."""
        return self.whole.ns - self.any_rule.ns - self.taxes_ns
