"""What may be changed in a rule file: each change with what it saves and what goes blind by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import UsageError
from harness.model.caution import Caution
from harness.model.cost import INVALID_TRIALS
from harness.model.rules.timed_advice import TimedAdvice, TimedSaving
from harness.model.stored.environment import StoredGuest

# fmt: off
Kind = Literal[
    "exclusion", "domain", "user", "success", "record-type",
    "directory", "merge", "order", "backlog",
]
# fmt: on


@dataclass(frozen=True, slots=True)
class Saving:
    """What a log would have had less."""

    events: int = 0
    records: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Blind:
    """Events of a log that would not have been written; `user` is the login uid.

    `rules` are the places of those that ask for them: several where the log does not tell which.
    """

    key: str
    program: str
    user: str
    events: int
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """What guests counted, in instructions; None where it could not be counted.

    `call` is what each other call is spared, below 0 what it costs more; `matched` what each event
    of a line that moves up is spared; `events` what the events and records that the change adds to
    the narrower ones cost: by the price of the rule's own records where a load that was counted
    makes any, else of a mean record.
    """

    call: float | None
    matched: float | None = None
    events: float | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change. `lines` are the places of the `old` lines that `new` ones take the place of;
    without any they go in front of all rules. A line that moves has its new place in `before`,
    `passed` are those that it no longer comes after, `matched` its events in the log.

    `alone` is what the log would have had less by this change, `added` of that what no narrower
    change spares, `added_by` its records by the place of the rule that wrote them, empty where the
    log does not tell. `blind` says of whom the events are; in a proposal to leave out a type of
    record these would have been written without it.
    """

    kind: Kind
    reason: str
    lines: tuple[tuple[str, int], ...]
    old: tuple[str, ...]
    new: tuple[str, ...]
    goes_blind: str
    alone: Saving = Saving()
    added: Saving = Saving()
    blind: tuple[Blind, ...] = ()
    notes: tuple[str, ...] = ()
    before: tuple[str, int] | None = None
    passed: tuple[tuple[str, int], ...] = ()
    matched: int = 0
    added_by: tuple[tuple[str, int], ...] = ()
    counted: Counted | None = None
    timed: TimedSaving | None = None

    @property
    def lines_spared(self) -> int:
        """How many lines fewer the file has; below 0 for more."""
        return len(self.old) - len(self.new)


@dataclass(frozen=True, slots=True)
class Advice:
    """All proposals, what saves most first, and what the log has of system calls.

    `domains` says how far rules can ask for the LSM's domains. `together` is what the file with all
    proposals carried out spares each other call; None where nothing was counted. `timed` says the
    same of a run on this host; None without one.
    """

    files: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    log: Saving
    domains: str = ""
    cautions: tuple[Caution, ...] = ()
    guest: StoredGuest | None = None
    floor: float = 0.0
    together: Counted | None = None
    timed: TimedAdvice | None = None

    def chosen(self, numbers: Sequence[int] | None) -> tuple[Proposal, ...]:
        """The proposals with these numbers, counted from 1; all of them for none.

        Raises `UsageError` for a number that no proposal has.
        """
        for number in numbers or ():
            if not 1 <= number <= len(self.proposals):
                raise UsageError(
                    f"there is no proposal {number} among {len(self.proposals)}",
                    remedy="run it without --take and see the numbers",
                )
        wanted = set(numbers or range(1, len(self.proposals) + 1))
        return tuple(each for place, each in enumerate(self.proposals, 1) if place in wanted)

    @property
    def trustworthy(self) -> bool:
        """Whether everything that was to be counted was."""
        return not any(caution.name == INVALID_TRIALS for caution in self.cautions)

    @property
    def saved(self) -> Saving:
        """What all proposals together would have spared the log."""
        added = [each.added for each in self.proposals]
        return Saving(
            sum(each.events for each in added),
            sum(each.records for each in added),
            sum(each.bytes for each in added),
        )
