"""What a linter says: the kinds of findings, and one finding at its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""The gravest first. An error keeps auditctl or the kernel from loading a line; a warning is a rule
that does not do what it says, or a setting that loses events; a note is cost, a blind spot or order
in the file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    `code` is stable, for filters and other tools; `title` says in a few words what is found; `why`
    says what follows from it.
    """

    code: str
    severity: Severity
    title: str
    why: str


@dataclass(frozen=True, order=True, slots=True)
class Place:
    """A line of a file: its path, fit to be shown, and its number from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def seen_from(self, other: Place) -> str:
        """The place as a finding at another names it."""
        return f"line {self.line}" if self.file == other.file else str(self)


def listed(places: Sequence[Place], seen_from: Place, most: int = 5) -> str:
    """Places as a finding at another names them: at most so many, and how many more."""
    first = ", ".join(place.seen_from(seen_from) for place in places[:most])
    more = len(places) - most
    return f"{first} and {more} more" if more > 0 else first


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what is wrong at a place, and what to do about it.

    `reason` and `remedy` are one line each and fit to be shown; `related` are the other places
    that have to do with it; `severity` is that of the kind unless the file itself lowers it.
    """

    kind: Kind
    place: Place
    reason: str
    remedy: str
    related: tuple[Place, ...] = ()
    lowered: Severity | None = None

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return self.lowered or self.kind.severity


@dataclass(frozen=True, slots=True)
class Report:
    """The findings in all files that were read, in the order of the files and their lines.

    `kernel` is the release that was asked what it refuses, empty if that was foreseen.
    """

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    kernel: str = ""

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity == severity for finding in self.findings)

    def reaches(self, least: Severity) -> bool:
        """Whether a finding is at least this grave."""
        return any(is_as_grave(finding.severity, least) for finding in self.findings)


def is_as_grave(severity: Severity, least: Severity) -> bool:
    """Whether a severity is at least as grave as another."""
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)
