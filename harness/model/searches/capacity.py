"""How much rules and a consumer can take: what is asked, and what its trials say.

Rates are operations of the load per second.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from harness.model.caution import Caution

MOST_BACKLOG = 131_072
"""The largest backlog, in records; the kernel's own 0, without limit, is never set."""
NO_LOSS, LITTLE_LOSS = 0.0, 0.001
ALLOWED = (NO_LOSS, LITTLE_LOSS)
"""The shares of events that may be lost at a rate; each has a bracket of its own."""
WIDTH = 0.03
"""A bracket is found when its ends are no further apart than this share."""
INITIAL_S, FINAL_S, SUM_S = 1.0, 5.0, 10.0
"""How long a rate is tried first, how long at last, and how long in all before it counts."""
GRACE_S = 0.1
"""What the load made and is through so soon after its end was not queued for good."""
REACHED = 0.98
"""A load that comes to less than this share of its rate did not press at that rate."""
OVERLOAD, OVERLOAD_S = 2.0, 5.0
"""How often the capacity comes, and how long, before the queue is left to empty itself."""
PAUSE_SHARE = 0.5
"""The rate at which the consumer is stopped, as a share of the capacity."""
AGREES_WITHIN = 0.1

FLAT_OUT, SATURATED, OVERLOADED = "flat-out", "saturated", "overload"
RATE, BURST, PAUSE, RETRIAL = "rate", "burst", "pause", "retrial"
_KIND = re.compile(
    rf"({FLAT_OUT}|{SATURATED}|{OVERLOADED}|{RATE}|{BURST}|{PAUSE}|{RETRIAL})(?:-([0-9]{{1,12}}))?"
)

CapacityOutcome = Literal["found", "load", "none", "nothing-matched", "failed", "open"]
"""Between two rates; the load goes no faster; the lowest rate loses; no rule recorded the load; its
trials failed; not decided.
"""
Limit = Literal["load", "kauditd", "consumer", "disk", "cpus", "not-known"]
LIMITS: Mapping[Limit, str] = {
    "load": "the load itself: it goes no faster",
    "kauditd": "kauditd, the kernel's thread that delivers",
    "consumer": "the consumer",
    "disk": "the disk",
    "cpus": "this host's CPUs: none of them had room left",
    "not-known": "not known: the load kept a CPU busy, and what takes the events had room left",
}


def tried_scenario(rules: str, consumer: str, kind: str, value: int | None = None) -> str:
    """The scenario that tries something under these rules with this consumer."""
    end = kind if value is None else f"{kind}-{value}"
    return f"{rules}+{consumer}+{end}"


def what_is_tried(scenario: str, rules: str, consumer: str) -> tuple[str, int] | None:
    """What kind of trial that scenario is, and its rate, operations or milliseconds; None for one
    of other rules or another consumer.
    """
    before = f"{rules}+{consumer}+"
    found = _KIND.fullmatch(scenario.removeprefix(before)) if scenario.startswith(before) else None
    return (found[1], int(found[2] or 0)) if found else None


def comes_first(scenario: str) -> bool:
    """Whether a search begins with the scenario; all others follow from the trials."""
    return scenario.endswith(f"+{FLAT_OUT}")


class CapacitySearch(msgspec.Struct, frozen=True, kw_only=True):
    """What a search is about; stored with its plan."""

    workload: str
    rules: dict[str, Annotated[int, msgspec.Meta(ge=1, le=MOST_BACKLOG)]]
    """The scenarios whose rules are in force, each with its backlog in records."""
    consumers: tuple[str, ...]
    retrial_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """How long each end of the bracket is tried again; 0 is not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTrial:
    """One trial at a rate. Counts are events."""

    rate: int
    """As asked for."""
    seconds: float
    """How long the load took."""
    reached_per_s: float
    forwarded_per_s: float
    """What was through when the load ended, in operations: where nothing was lost, never more than
    the consumer takes for good."""
    offered: int
    lost: int
    late: int
    """Queued when the load ended, and taken only afterwards."""
    through_ms: float
    """From the load's end until all of it was through."""
    index: int = -1

    @property
    def missing(self) -> int:
        """Not forwarded by the load's end."""
        return self.lost + self.late

    @property
    def share(self) -> float:
        """The same per event offered."""
        return min(self.missing / self.offered, 1.0) if self.offered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBracket:
    """The highest rate at which no more than `allowed` is lost, between two rates."""

    allowed: float
    low: float | None = None
    """No more was lost here; None where the lowest rate of all lost more."""
    high: float | None = None
    """More was lost here; None where the load goes no faster than `low`."""
    high_share: float | None = None
    crossed: bool = False
    """Where more was lost the load came to less than `low`, so that `high` is what was asked for:
    where the border lies cannot be told."""

    @property
    def width(self) -> float | None:
        """How far the two are apart, as a share of the higher one."""
        if self.low is None or self.high is None or not self.high:
            return None
        return max(1 - self.low / self.high, 0.0)


@dataclass(frozen=True, slots=True)
class TriedValue:
    """Trials with one burst or pause: how many there were, and how many of them lost anything."""

    value: int
    trials: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """The most that is absorbed, between two values; None where there is none beyond."""

    clean: TriedValue | None = None
    lossy: TriedValue | None = None
    computed: float | None = None
    """What arithmetic gives, from the capacity and the backlog."""
    decided: bool = True
    """Whether the search for it came to its end; else it is what was found so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """What was busy at the rate that lost, as shares of one CPU; None is not known."""

    load: float | None = None
    kauditd: float | None = None
    consumer: float | None = None
    """Its busiest process."""
    process: str = ""
    disk: float | None = None
    """The share of the time in which something waited for the disk."""
    all_cpus: float | None = None
    """All CPUs together, as a share of them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrial:
    """An end of the bracket, tried again for longer."""

    rate: int
    seconds: float
    reached_per_s: float
    lost: int
    late: int
    share: float

    @property
    def pressed(self) -> bool:
        """Whether the load came to its rate."""
        return self.reached_per_s >= REACHED * self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityOf:
    """How much one consumer can take under one set of rules."""

    rules: str
    consumer: str
    backlog: int
    outcome: CapacityOutcome
    records_per_op: float | None = None
    fastest_per_s: float | None = None
    """What the load makes where nothing is in its way."""
    brackets: tuple[RateBracket, ...] = ()
    limit: Limit | None = None
    busy: Busy = Busy()
    tried: tuple[RateTrial, ...] = ()
    saturated_per_s: float | None = None
    """What goes through while the load waits for room."""
    saturated_waited: bool = False
    burst: Most | None = None
    pause: Most | None = None
    """In milliseconds."""
    pause_rate: int | None = None
    recovery_ms: float | None = None
    """The median."""
    recovery_computed_ms: float | None = None
    recovery_factor: float | None = None
    """How often the capacity came really."""
    recovery_lost: int = 0
    """Trials in which events were lost: then the queue was full."""
    recovery_trials: int = 0
    retrials: tuple[Retrial, ...] = ()
    failure: str = ""
    """Why its last trials could not be used, so that the rest was not measured."""

    @property
    def without_loss(self) -> RateBracket | None:
        """The bracket in which nothing may be lost."""
        return next((b for b in self.brackets if b.allowed == NO_LOSS), None)

    @property
    def beyond(self) -> float | None:
        """By which share what comes through with waiting is above the higher of the two rates, or
        (negative) below the lower; 0 between them; None where one of them is not known.
        """
        found = self.without_loss
        if found is None or not found.low or self.saturated_per_s is None:
            return None
        high = found.high or found.low
        if self.saturated_per_s > high:
            return self.saturated_per_s / high - 1
        return min(self.saturated_per_s / found.low - 1, 0.0)

    @property
    def agrees(self) -> bool | None:
        """Whether that is within 10 %."""
        return None if self.beyond is None else abs(self.beyond) <= AGREES_WITHIN

    @property
    def more_with_waiting(self) -> bool:
        """Whether more comes through with waiting than that."""
        return self.agrees is False and (self.beyond or 0.0) > 0

    @property
    def varies(self) -> bool:
        """Whether that is so, and the rate that loses lost again: what takes the events is slower
        at times than in the mean, and loses then.
        """
        again = self._again_beyond
        return self.more_with_waiting and bool(again) and all(r.share > 0 for r in again)

    @property
    def outrun(self) -> bool:
        """Whether a load that is said to go no faster did, with waiting allowed."""
        return self.outcome == "load" and self.more_with_waiting

    @property
    def contradicted(self) -> bool:
        """Whether the rate without loss, tried again, lost events or left them queued."""
        low = self.without_loss.low if self.without_loss else None
        return low is not None and any(r.rate <= low and r.share > 0 for r in self.retrials)

    @property
    def too_low(self) -> bool:
        """Whether the rate that loses, tried again, lost nothing."""
        return any(r.share == 0 for r in self._again_beyond)

    @property
    def _again_beyond(self) -> list[Retrial]:
        """The rate that loses, tried again, where the load came to it."""
        low = self.without_loss.low if self.without_loss else None
        return [r for r in self.retrials if low is not None and r.rate > low and r.pressed]

    @property
    def crossed(self) -> bool:
        """Whether nothing was lost at a rate that is above one at which something was."""
        return self.without_loss is not None and self.without_loss.crossed

    @property
    def decided(self) -> bool:
        """Whether it is an answer, for bursts and pauses too."""
        ends = self.outcome in ("found", "load", "none")
        rates = ends and not self.crossed and not self.failure
        return rates and all(most is None or most.decided for most in (self.burst, self.pause))


def filling(found: CapacityOf) -> list[str]:
    """The scenarios in which the queue is filled on purpose: overload, and burst and pause at the
    ends of the answer.
    """
    names = [tried_scenario(found.rules, found.consumer, OVERLOADED)]
    for kind, most in ((BURST, found.burst), (PAUSE, found.pause)):
        ends = (most.clean, most.lossy) if most is not None else ()
        names += [
            tried_scenario(found.rules, found.consumer, kind, end.value)
            for end in ends
            if end is not None
        ]
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityAnswer:
    """How much each set of rules with each consumer can take, and what that rests on."""

    run: str
    search: CapacitySearch
    found: tuple[CapacityOf, ...]
    complete: bool
    cautions: tuple[Caution, ...] = ()
    open_trials: int = 0
    """Trials whose ledger does not close."""

    @property
    def trustworthy(self) -> bool:
        """Whether it is an answer."""
        decided = bool(self.found) and all(
            each.decided and not each.contradicted and (each.agrees is not False or each.varies)
            for each in self.found
        )
        return decided and self.complete and not self.open_trials
