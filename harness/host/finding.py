"""A finding: one thing that the doctor looked at, how it is, and what to do about it. No logic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "note", "warning", "unfit"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing.

    `ok` is as it should be; `note` is to be known when reading results; `warning` makes results
    worse or harder to repeat; `unfit` prevents measuring.
    """

    name: str
    severity: Severity
    what: str
    """How it is, one phrase."""
    remedy: str = ""
    """What to do; empty where there is nothing to do."""
    evidence: str = ""
    """Where it was read."""
