"""How large the backlog must be: what is asked, and what its trials say. Records unless said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from harness.model.caution import Caution
from harness.model.numbers import Count, Rate

LEAST_RECORDS = 64
"""The smallest backlog that is tried: the kernel's own default at boot."""
MOST_RECORDS = 131_072
"""The largest; the kernel's own 0, without limit, is never tried."""
RECORD_BYTES = 2304
"""What a queued record takes of the kernel's memory: a buffer of 2 KiB and its head of 256 bytes.
Longer records take more. Source: kernel/audit.c, AUDIT_BUFSIZ, and alloc_skb."""

WAIT_S = 60.0
"""The kernel's own backlog_wait_time: how long a process may wait for room."""

BURST = "burst"
"""The burst alone, with the largest backlog and no waiting: how fast it is made."""
SATURATED = "saturated"
"""The load as fast as waiting lets it: how fast its records are taken."""
FIRST = (BURST, SATURATED)
"""What every search begins with; the rest follows from the trials."""
SUSTAINED = "sustained"
"""The rate alone: whether the queue grows for good."""
_BACKLOG = re.compile(r"backlog-([0-9]{1,9})(\+waiting)?")

SizeOutcome = Literal["found", "any", "none", "too-slow", "nothing-matched", "open"]
"""Between two backlogs; the smallest loses nothing; the largest loses; the consumer is too slow for
good; no rule recorded the load; not decided.
"""


def backlog_scenario(backlog: int, *, waiting: bool = False) -> str:
    """The scenario that tries a backlog."""
    return f"backlog-{backlog}{'+waiting' if waiting else ''}"


def backlog_tried(scenario: str) -> tuple[int, bool] | None:
    """The backlog that a scenario tries, and whether the load may wait; None for another."""
    found = _BACKLOG.fullmatch(scenario)
    return (int(found[1]), bool(found[2])) if found else None


class LogDemand(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of its own load: the most events in a tenth of a second, in a second and in
    a minute.
    """

    files: tuple[str, ...]
    tenth: Count
    second: Count
    minute: Count
    minute_s: Annotated[float, msgspec.Meta(gt=0, le=60)]
    records_per_event: Annotated[float, msgspec.Meta(gt=0, le=1e6)]
    """In the kernel's queue, where an event ends with a record that logs leave out."""
    longer: tuple[tuple[Annotated[int, msgspec.Meta(gt=1, lt=60)], Count], ...] = ()
    """(seconds, the most events in so many in a row), between a second and a minute."""


class Sizing(msgspec.Struct, frozen=True, kw_only=True):
    """What a search is about; stored with its plan. Rate and burst are operations of the load, or
    events of the log.
    """

    workload: str
    consumer: str
    rate_per_s: Rate
    burst: Count
    pause_ms: Count = 0
    """The consumer stands still so long, from the burst's begin."""
    trials: Count = 20
    """Of each of the two backlogs that are the answer."""
    margin: Annotated[float, msgspec.Meta(ge=1, le=100)] = 1.5
    """The advice is so many times the smallest backlog that lost nothing."""
    log: LogDemand | None = None


@dataclass(frozen=True, slots=True)
class TriedBacklog:
    """Trials with one backlog: how many there were, and how many of them lost anything."""

    backlog: int
    trials: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the first trials say of the load and of the consumer; None is not known yet."""

    records_per_op: float | None = None
    made_per_s: float | None = None
    """Records per second while the burst is made."""
    drain_per_s: float | None = None
    """Records per second that are taken while the load waits for room."""
    never_waited: bool = False
    """The load did not wait: `drain_per_s` is only what it made."""
    sustained_per_s: float | None = None
    """Records per second that the load came to at the rate."""
    growth_per_s: float | None = None
    """By how much the queue grew per second at the rate; 0 where it did not grow for good."""
    sustained_lost: bool = False


@dataclass(frozen=True, slots=True)
class LongerNeed:
    """The busiest time of a log that leaves the longest queue, by arithmetic: more than what was
    found, because it is neither in the burst nor in the rate.
    """

    seconds: float
    records: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The lines to paste, and what they cost."""

    backlog: int
    wait_jiffies: int
    wait_s: float

    @property
    def memory_bytes(self) -> int:
        """What it takes of the kernel's memory while it is full."""
        return self.backlog * RECORD_BYTES

    @property
    def lines(self) -> tuple[str, ...]:
        """As in a rule file."""
        return (f"-b {self.backlog}", f"--backlog_wait_time {self.wait_jiffies}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeAnswer:
    """How large the backlog must be, and what that rests on."""

    run: str
    rules: str
    sizing: Sizing
    outcome: SizeOutcome
    measured: Measured
    rate_ops_per_s: float
    """Of the load; another number than the log's where its events have other sizes."""
    burst_ops: int
    computed: float | None = None
    """What arithmetic gives; None where the queue grows for good, or not enough is known."""
    lossy: TriedBacklog | None = None
    clean: TriedBacklog | None = None
    longer: LongerNeed | None = None
    """Where a log asks for more than `clean` holds."""
    tried: tuple[TriedBacklog, ...] = ()
    advice: Advice | None = None
    waited_ms: float | None = None
    """The median that the load waited in a trial at `lossy`, with waiting allowed."""
    waiting_trials: int = 0
    waiting_lost: int = 0
    cautions: tuple[Caution, ...] = ()
    open_trials: int = 0
    """Trials whose ledger does not close."""
    untold: bool = False
    """The burst was made, and what the consumer received does not show its records."""

    def events(self, records: float) -> float | None:
        """How many operations' events so many records are."""
        per_op = self.measured.records_per_op
        return records / per_op if per_op else None

    @property
    def trustworthy(self) -> bool:
        """Whether it is an answer."""
        return self.outcome in ("found", "any", "none", "too-slow") and not self.open_trials
