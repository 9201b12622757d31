"""Which consumers fail, trial after trial: one that does is given up, so that the others go on."""

from __future__ import annotations

PATIENCE = 3
"""Trials in a row that may fail before no more are tried with a consumer."""


class Failures:
    """Remembers the failed trials in a row, by consumer."""

    def __init__(self) -> None:
        self._reasons: dict[str, list[str]] = {}

    def works(self, consumer: str) -> None:
        """A trial with it ended well."""
        self._reasons.pop(consumer, None)

    def fails(self, consumer: str, reason: str) -> None:
        """A trial with it failed."""
        self._reasons.setdefault(consumer, []).append(reason)

    def given_up(self, consumer: str) -> str:
        """Why no more trials are made with it; empty where they are."""
        reasons = self._reasons.get(consumer, [])
        if len(reasons) < PATIENCE:
            return ""
        return f"given up after {PATIENCE} failed trials in a row: {reasons[-1]}"
