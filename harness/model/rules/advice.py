"""What may be changed in a rule file: each change with what it saves and what goes blind by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.caution import Caution

Kind = Literal["exclusion", "directory", "merge"]


@dataclass(frozen=True, slots=True)
class Blind:
    """Events of a log that would not have been written; `user` is the login uid."""

    key: str
    program: str
    user: str
    events: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change. `lines` are the places of the `old` lines that `new` ones take the place of; an
    exclusion has none, and goes in front of all rules.

    `events`, `records` and `bytes` are what the log would have had less, and `blind` says of whom.
    """

    kind: Kind
    reason: str
    lines: tuple[tuple[str, int], ...]
    old: tuple[str, ...]
    new: tuple[str, ...]
    goes_blind: str
    events: int = 0
    records: int = 0
    bytes: int = 0
    blind: tuple[Blind, ...] = ()

    @property
    def lines_spared(self) -> int:
        """How many lines fewer the file has; below 0 for more."""
        return len(self.old) - len(self.new)


@dataclass(frozen=True, slots=True)
class Advice:
    """All proposals, what saves most first, and the events of system calls that the log has."""

    files: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    events: int
    records: int
    cautions: tuple[Caution, ...] = ()
