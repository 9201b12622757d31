"""The order of an output: events out of order, and those that RAW does not cover.

Events come as they leave the window and are looked at in the order of the output.
"""

from __future__ import annotations

from heapq import heappop, heappush

from harness.answers.verify.event import ABSENT
from harness.model.verify import EventName


class OutputOrder:
    """Takes every event of the output once.

    An event is out of order if one stands before it that began in RAW only after it had ended
    there. Events that overlap in RAW may stand in any order, as consumers write an event at its
    end. An event that RAW lacks counts against RAW if it stands between two that both have, with
    a serial between RAW's.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._waiting: list[tuple[int, int, int, bool, EventName]] = []
        self._latest = ABSENT
        self._begun = False
        self._lowest, self._highest = 1 << 32, -1
        self._maybe: list[EventName] = []
        self._maybe_more = 0
        self.out_of_order = 0
        self.whole_out_of_order = 0
        """Of them those that nothing else is wrong with."""
        self.first_out_of_order: tuple[int, EventName] | None = None
        """Its place in RAW, and the event."""
        self.not_in_raw = 0
        self.first_not_in_raw: EventName | None = None
        self.outside = 0

    def cover(self, serial: int) -> None:
        """RAW has an event of this serial."""
        self._lowest = min(self._lowest, serial)
        self._highest = max(self._highest, serial)

    def take(
        self, place: int, raw_first: int, raw_last: int, name: EventName, *, whole: bool
    ) -> None:
        """An event at a place of the output, and where it is in RAW, ABSENT if it is not.

        `whole`: nothing else is wrong with it.
        """
        heappush(self._waiting, (place, raw_first, raw_last, whole, name))
        if len(self._waiting) > self._window:
            self._look(*heappop(self._waiting)[1:])

    def finish(self) -> None:
        """No event follows."""
        while self._waiting:
            self._look(*heappop(self._waiting)[1:])
        self.outside += len(self._maybe) + self._maybe_more

    def _look(self, raw_first: int, raw_last: int, whole: bool, name: EventName) -> None:
        if raw_first == ABSENT:
            self._look_at_more(name)
            return
        self._begun = True
        self.not_in_raw += len(self._maybe) + self._maybe_more
        if self._maybe and self.first_not_in_raw is None:
            self.first_not_in_raw = self._maybe[0]
        self._maybe, self._maybe_more = [], 0
        if raw_last < self._latest:
            self.out_of_order += 1
            self.whole_out_of_order += whole
            if self.first_out_of_order is None or raw_first < self.first_out_of_order[0]:
                self.first_out_of_order = raw_first, name
        self._latest = max(self._latest, raw_first)

    def _look_at_more(self, name: EventName) -> None:
        """An event that RAW lacks: outside of RAW unless one that both have follows."""
        if not self._begun or not self._lowest <= name.serial <= self._highest:
            self.outside += 1
        elif self._maybe:
            self._maybe_more += 1
        else:
            self._maybe.append(name)
