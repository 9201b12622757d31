"""The bill of a rule file: what each line costs the calls that it does not record."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.cover import RuleAt
from harness.model.stored.environment import StoredGuest


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log has of a line's events: counts, and a day's share of them.

    None per day where the log covers no time.
    """

    events: int
    records: int
    bytes: int
    events_per_day: float | None
    bytes_per_day: float | None


@dataclass(frozen=True, slots=True)
class Priced:
    """One line, in instructions per call.

    `tax` is what its removal saves every other call while the other lines remain, None where it
    could not be counted. `group` is the number of lines that were priced together, as they are
    alike but for values: each has an equal part. `equal` says that the line before it on the bill
    is not dearer, as far as can be told.
    """

    rule: RuleAt
    tax: float | None
    apart: float
    group: int = 1
    equal: bool = False
    logged: Logged | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """All of it, in instructions per call. `any_rule` is the price of having rules at all, `whole`
    that of the file, both above no rules (`no_rules`); None where that could not be counted.
    `floor` is what boots differ by: nothing finer is known. `unassigned` are a log's events that no
    line, or no single one, can be told to have written.
    """

    files: tuple[str, ...]
    lines: tuple[Priced, ...]
    no_rules: float | None
    any_rule: float | None
    whole: float | None
    floor: float
    guest: StoredGuest
    unassigned: Logged | None = None
    days: float | None = None
    cautions: tuple[Caution, ...] = ()

    @property
    def taxes(self) -> float:
        """The sum of all lines."""
        return sum(line.tax or 0.0 for line in self.lines)

    @property
    def residue(self) -> float | None:
        """What of the file as a whole is neither the first row nor in any line."""
        if self.whole is None or self.any_rule is None:
            return None
        return self.whole - self.any_rule - self.taxes

    @property
    def trustworthy(self) -> bool:
        """Whether everything was counted."""
        return self.whole is not None and all(line.tax is not None for line in self.lines)
