"""What one rule file records of operations and another does not, under one kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.model.caution import Caution
from harness.model.cover import RuleAt


@dataclass(frozen=True, slots=True)
class ChangedOperation:
    """An operation that one of two files records, and the other does not.

    `entries` are the ways into the kernel by which that is so, `logins` who does it: a login uid,
    or `unset`. `rules` recorded it; `kept_back` are the rules of the other file that keep it from
    being recorded.
    """

    operation: str
    logins: tuple[str, ...]
    entries: tuple[str, ...]
    rules: tuple[RuleAt, ...]
    kept_back: tuple[RuleAt, ...] = ()


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """BASE and HEAD, two rule files by name, under one kernel.

    `recorded` is how many operations BASE records, each by each entry. `doubts` say why it is
    not trustworthy.
    """

    kernel: str
    base: str
    head: str
    recorded: int
    lost: tuple[ChangedOperation, ...]
    gained: tuple[ChangedOperation, ...]
    doubts: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()


def doubts_of(changes: Iterable[CoverageChange]) -> tuple[str, ...]:
    """Why changes of coverage are not trustworthy, each reason once."""
    return tuple(dict.fromkeys(doubt for change in changes for doubt in change.doubts))


def cautions_of(changes: Iterable[CoverageChange]) -> tuple[Caution, ...]:
    """What is said of how they were found, each caution once, doubts aside."""
    doubts = doubts_of(changes := list(changes))
    told = dict.fromkeys(caution for change in changes for caution in change.cautions)
    return tuple(caution for caution in told if caution.what not in doubts)
