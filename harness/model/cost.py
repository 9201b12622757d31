"""The bill of a rule file: what each line costs other calls, and what its events cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from harness.model.caution import Caution
from harness.model.cover import RuleAt
from harness.model.stored.environment import StoredGuest

INVALID_TRIALS: Final = "invalid-trials"
"""The caution that something could not be counted."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log has of a line's events: counts, and a day's share of them.

    None per day where the log covers no time. `instructions` is what all of them cost, None where
    no price is known, and `share` their part of what all events of the log cost.
    """

    events: int
    records: int
    bytes: int
    events_per_day: float | None
    bytes_per_day: float | None
    instructions: float | None = None
    instructions_per_day: float | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class EventPrice:
    """What one event costs, in instructions of the load, of kauditd and of the consumer.

    `records` and `bytes` are those of the event as auditd writes it to a raw log. `loads` are the
    loads whose events were counted; empty for a price that was worked out from records.
    """

    loads: tuple[str, ...]
    records: float
    bytes: float
    load: float
    kauditd: float
    consumer: float

    @property
    def total(self) -> float:
        """Of all three together."""
        return self.load + self.kauditd + self.consumer

    @property
    def per_record(self) -> float:
        """The price of one of its records."""
        return self.total / self.records


@dataclass(frozen=True, slots=True)
class CountedLoad:
    """The events of one load under the file: the mean of all of them.

    `events` is how many an operation makes. `lines` are the rules that recorded them, `behind` says
    that some or all were recorded by a rule of our own behind the file. `apart` is how far boots
    differ, as a share of the price.
    """

    name: str
    events: float
    price: EventPrice
    lines: tuple[RuleAt, ...]
    behind: bool
    apart: float


@dataclass(frozen=True, slots=True)
class Priced:
    """One line, in instructions per call.

    `tax` is what its removal saves every other call while the other lines remain, None where it
    could not be counted. `group` is the number of lines that were priced together, as they are
    alike but for values: each has an equal part. `equal` says that the line before it on the bill
    is not dearer, as far as can be told. `event` is the price of an event that it is the first to
    match, None where no load that was counted makes one.
    """

    rule: RuleAt
    tax: float | None
    apart: float
    group: int = 1
    equal: bool = False
    logged: Logged | None = None
    event: EventPrice | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """All of it, in instructions per call. `any_rule` is the price of having rules at all, `whole`
    that of the file, both above no rules (`no_rules`); None where that could not be counted.
    `floor` is what boots differ by: nothing finer is known. `unassigned` are a log's events that no
    line, or no single one, can be told to have written. `loads` are those whose events were
    counted.
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
    loads: tuple[CountedLoad, ...] = ()

    @property
    def record_price(self) -> float | None:
        """The price of a record where its own is not known: the mean of the loads'."""
        prices = [load.price.per_record for load in self.loads]
        return sum(prices) / len(prices) if prices else None

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
        taxed = self.whole is not None and all(line.tax is not None for line in self.lines)
        return taxed and not any(caution.name == INVALID_TRIALS for caution in self.cautions)
