"""RAW and an output side by side: both are read once, in step, in bounded memory.

The side whose records are older is read next, so that the records of an event meet whatever is
missing between. `window.py` says what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.answers.verify.window import WINDOW, Window
from harness.model.verify import Matched, Record

JUMP_MS = 1000
SURE = 16
"""A jump in time is believed when so many records agree: one damaged or forged time does not make
a side wait for the other."""


def match_events(
    raw: Iterable[Record],
    output: Iterable[Record],
    *,
    window: int = WINDOW,
    is_raw_torn: Callable[[], bool] = lambda: False,
) -> Matched:
    """Everything that is missing, cut, changed, doubled or out of order in the output.

    `is_raw_torn` says, once RAW was read, whether its last record may be a part of one.
    """
    kept = Window(window, is_raw_torn)
    side, other = _Reading(raw, kept.take_raw), _Reading(output, kept.take_output)
    while side.read_up_to(other):
        side, other = other, side
    other.read_rest()
    return kept.finish()


class _Reading:
    """One side while it is read."""

    def __init__(self, records: Iterable[Record], keep: Callable[[Record], bool]) -> None:
        self._records = iter(records)
        self._keep = keep
        self.now_ms = 0
        """The time it has come to: the latest of its records, but for a few that are off."""
        self.since = 0
        """Its events since then."""
        self._waiting: list[Record] = []
        """Records that are read and not handed on: the other side has not come to their time."""
        self._ahead_ms: list[int] = []
        """The times among them that are not believed yet."""

    def read_up_to(self, other: _Reading) -> bool:
        """Read until it is ahead of the other side; False at its end."""
        self._hand_on()
        for record in self._records:
            self._waiting.append(record)
            if self._doubts(record.stamp_ms):
                continue
            if self.now_ms > other.now_ms:
                return True
            self._hand_on()
            if self.now_ms == other.now_ms and self.since > other.since:
                return True
        return self._ends_behind(other)

    def read_rest(self) -> None:
        """Read to the end."""
        self._hand_on()
        for record in self._records:
            self._keep(record)

    def _ends_behind(self, other: _Reading) -> bool:
        """At the end of its records: whether the last wait for the other side."""
        if self._ahead_ms:
            self._believe(min(self._ahead_ms))
            if self.now_ms > other.now_ms:
                return True
        self._hand_on()
        return False

    def _hand_on(self) -> None:
        for record in self._waiting:
            self.since += self._keep(record)
        self._waiting.clear()

    def _doubts(self, stamp_ms: int) -> bool:
        """Take a record's time; whether later ones must tell how far it is."""
        if stamp_ms > self.now_ms + JUMP_MS:
            self._ahead_ms.append(stamp_ms)
            if len(self._ahead_ms) < SURE:
                return True
            self._believe(min(self._ahead_ms))
        elif self._ahead_ms and stamp_ms <= self.now_ms - JUMP_MS and len(self._waiting) < 4 * SURE:
            return True  # a long call, which says nothing about the time
        elif stamp_ms > self.now_ms:
            self._believe(stamp_ms)
        self._ahead_ms.clear()
        return False

    def _believe(self, stamp_ms: int) -> None:
        self._ahead_ms.clear()
        self.now_ms, self.since = stamp_ms, 0
