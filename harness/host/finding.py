"""A finding of the doctor: the thing checked, its state, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["ok", "note", "warning", "unfit"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked thing.

    `ok` is as it should be; `note` matters when reading results; `warning` makes results
    worse or harder to repeat; `unfit` prevents measuring.
    """

    name: str
    severity: Severity
    what: str
    """Its state, in one phrase."""
    remedy: str = ""
    """The remedy; empty if there is nothing to do."""
    evidence: str = ""
    """The source it was read from."""
