"""What rules see of operations that were really done, by each way into the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.model.caution import Caution
from harness.model.stored.environment import StoredGuest

Verdict = Literal["recorded", "kept-back", "none", "impossible", "not-made"]
"""`kept-back`: a rule keeps it from being recorded; `impossible`: no rule can record it."""


@dataclass(frozen=True, slots=True)
class RuleAt:
    """A rule as its file writes it; `key` is empty without one."""

    file: str
    line: int
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of one operation under one file.

    `rule` is the place of the rule that decided among the file's, None where that is none, or not
    known. `error` is the call's errno, 0 if it succeeded, None where it could not be made; then
    `note` says why.
    """

    verdict: Verdict
    rule: int | None = None
    error: int | None = None
    note: str = ""

    @property
    def is_recorded(self) -> bool:
        """Whether an event was written."""
        return self.verdict == "recorded"


@dataclass(frozen=True, slots=True)
class Covered:
    """One operation by one entry; `seen` has an answer for each file."""

    group: str
    operation: str
    entry: str
    login: str
    seen: tuple[Seen, ...]

    @property
    def is_blinded(self) -> bool:
        """Whether the last file no longer records what the first does."""
        return self.seen[0].is_recorded and not self.seen[-1].is_recorded


@dataclass(frozen=True, slots=True)
class Coverage:
    """All that was done. `files` are the names and `rules` the rules of each file, in their order;
    `logins` who did it: a login uid, or `unset`.
    """

    files: tuple[str, ...]
    rules: tuple[tuple[RuleAt, ...], ...]
    rows: tuple[Covered, ...]
    logins: tuple[str, ...]
    guest: StoredGuest
    cautions: tuple[Caution, ...] = ()

    @property
    def trustworthy(self) -> bool:
        """Whether every operation was made that this kernel has, and no record was lost."""
        return not any(each.name in ("lost", "not-made") for each in self.cautions)
