"""A consumer's output beside the raw records of the same time: what is compared and found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

Kind = Literal["missing", "cut", "changed", "doubled", "out-of-order", "not-in-raw"]
"""`not-in-raw`: not, or not whole, in RAW, which shows that RAW is not all that happened."""
KINDS: tuple[Kind, ...] = get_args(Kind)
VerifyVerdict = Literal["complete", "incomplete", "cannot-tell"]

EOE = 1320
"""The record that ends an event; outputs do not have it."""
JOINED = b"\1"
"""Before the text of a command line whose arguments an output joined by spaces."""


class Record(NamedTuple):
    """One record of an event. `text` is what is compared; two records are equal if it is."""

    stamp_ms: int
    serial: int
    type: int
    text: bytes
    shown: bytes
    """The beginning of its text as it was written, by which an event is named."""


class EventName(NamedTuple):
    """What an event is called: its time, its serial, and the record that says most of it."""

    stamp_ms: int
    serial: int
    type: int
    shown: bytes


class First(NamedTuple):
    """The first event of a kind, and the record that shows it: its text in RAW and in the output,
    None where it is not there.
    """

    event: EventName
    type: int
    raw: bytes | None
    output: bytes | None


Span = tuple[int, int]
"""The first and the last time of a side, in milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The events of one kind; `first` is the first of them in RAW."""

    kind: Kind
    events: int
    first: First | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """What putting the two side by side gave.

    `events` and `records` are RAW's, `whole` its events that are in the output unchanged, at their
    place. `outside` are events of the output before RAW's first or after its last.
    """

    events: int
    records: int
    output_events: int
    whole: int
    findings: tuple[Finding, ...]
    outside: int = 0
    first_missing: int = 0
    """So many of RAW's first events are all missing."""
    last_missing: int = 0
    unplaced: int = 0
    """Events of the output that are further from their place than events are kept, or not in
    RAW."""
    raw_ms: Span | None = None
    output_ms: Span | None = None
    window: int = 0
    """For how many events RAW and output are kept beside each other."""

    @property
    def shared(self) -> int:
        """Events that both have."""
        missing = next((each.events for each in self.findings if each.kind == "missing"), 0)
        return self.events - missing


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its name, its form, and what of it could not be read."""

    name: str
    form: str
    damaged: int = 0
    """Lines or frames that are no record."""
    first_damaged: int = 0
    """The number of the first of them, from 1."""
    problem: str = ""
    """Why it could not be read to its end."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All that verifying says. Kinds that are `allowed` are named, and fail nothing."""

    raw: Side
    output: Side
    matched: Matched
    allowed: frozenset[Kind] = frozenset()

    @property
    def verdict(self) -> VerifyVerdict:
        """Complete only where RAW itself is whole; nothing where the two have nothing in common."""
        if not self.matched.shared:
            return "cannot-tell"
        against = {each.kind for each in self.matched.findings} - self.allowed
        if against - {"not-in-raw"}:
            return "incomplete"
        doubtful = self.raw.damaged or self.raw.problem or self.matched.unplaced
        return "cannot-tell" if against or doubtful else "complete"
