"""Consumers that fail trial after trial: they are given up, so that the others continue."""

from __future__ import annotations

PATIENCE = 3
"""Trials in a row that may fail before a consumer is given up."""


class Failures:
    """Remembers the failed trials in a row, by consumer."""

    def __init__(self) -> None:
        self._reasons: dict[str, list[str]] = {}

    def works(self, consumer: str) -> None:
        """Note a trial that succeeded with it."""
        self._reasons.pop(consumer, None)

    def fails(self, consumer: str, reason: str) -> None:
        """Note a trial that failed with it."""
        self._reasons.setdefault(consumer, []).append(reason)

    def given_up(self, consumer: str) -> str:
        """The reason why no more trials are made with it; empty if they are."""
        reasons = self._reasons.get(consumer, [])
        if len(reasons) < PATIENCE:
            return ""
        return f"given up after {PATIENCE} failed trials in a row: {reasons[-1]}"
