"""The events of RAW and output that still wait for each other, in bounded memory.

The last `WINDOW` events are kept, fewer where they are very large. An event that stands further
from its place than that counts as missing, and its copy in the output as unplaced: it cannot be
told from one that RAW lacks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from harness.answers.verify.event import ABSENT, Event
from harness.answers.verify.order import OutputOrder
from harness.model.verify import EOE, KINDS, EventName, Finding, First, Kind, Matched, Record, Span

WINDOW = 131_072
"""Events. Consumers that wait two seconds for an event's end are behind by less."""
MOST_RECORDS = 8 * WINDOW
MOST_TEXT_BYTES = 64 << 20
"""Of records that the other side has not shown yet."""

_NO_EVENT = 1 << 62


class Window:
    """Takes the records of both sides as they are read; `finish` says what was found."""

    def __init__(self, events: int, is_raw_torn: Callable[[], bool]) -> None:
        self._most = events
        self._is_raw_torn = is_raw_torn
        self._open: dict[tuple[int, int], Event] = {}
        # The dict has the same order, but looks for its oldest entry among all removed ones.
        self._oldest: deque[Event] = deque()
        self._records = self._text_bytes = 0
        self._left_ms = -1
        """The latest time of an event of RAW that is no longer kept."""
        self._order = OutputOrder(events)
        self._raw_records = self._output_records = 0
        self._raw_ms: Span | None = None
        self._output_ms: Span | None = None
        self._begun = self._events = self._output_events = self._whole = self._unplaced = 0
        self._first_shared, self._last_shared = _NO_EVENT, ABSENT
        self._counts: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        self._firsts: dict[Kind, tuple[int, First]] = {}

    def take_raw(self, record: Record) -> bool:
        """A record of RAW; whether it begins an event there."""
        event = self._open.get(record[:2])
        if record.type == EOE:
            if event is not None:
                event.raw_last = max(event.raw_last, self._raw_records)
            return False
        event = event or self._begin(record, late=False)
        begins = event.raw_first == ABSENT
        self._text_bytes += event.take_raw(record, self._raw_records)
        self._raw_records += 1
        if begins:
            event.raw_number = self._begun
            self._begun += 1
            self._order.cover(record.serial)
            self._raw_ms = _widened(self._raw_ms, record.stamp_ms)
        self._make_room()
        return begins

    def take_output(self, record: Record) -> bool:
        """A record of the output; whether it begins an event there."""
        if record.type == EOE:
            return False
        event = self._open.get(record[:2])
        event = event or self._begin(record, late=record.stamp_ms <= self._left_ms)
        begins = event.output_first == ABSENT
        self._text_bytes += event.take_output(record, self._output_records)
        self._output_records += 1
        if begins:
            self._output_ms = _widened(self._output_ms, record.stamp_ms)
        self._make_room()
        return begins

    def finish(self) -> Matched:
        """What was found; no record may follow."""
        while self._open:
            self._end_oldest()
        order = self._order
        order.finish()
        self._counts["out-of-order"] = order.out_of_order
        self._counts["not-in-raw"] += order.not_in_raw
        if order.first_out_of_order is not None:
            self._name_first("out-of-order", *order.first_out_of_order)
        if order.first_not_in_raw is not None:
            self._name_first("not-in-raw", _NO_EVENT, order.first_not_in_raw)
        return Matched(
            events=self._events,
            records=self._raw_records,
            output_events=self._output_events,
            whole=self._whole - order.whole_out_of_order,
            findings=tuple(
                Finding(kind, self._counts[kind], self._firsts[kind][1])
                for kind in KINDS
                if self._counts[kind]
            ),
            outside=order.outside,
            first_missing=min(self._first_shared, self._events),
            last_missing=self._events - 1 - self._last_shared,
            unplaced=self._unplaced,
            raw_ms=self._raw_ms,
            output_ms=self._output_ms,
            window=self._most,
        )

    def _begin(self, record: Record, *, late: bool) -> Event:
        event = self._open[record[:2]] = Event(record, late=late)
        self._oldest.append(event)
        return event

    def _make_room(self) -> None:
        self._records += 1
        while self._open and (
            len(self._open) > self._most
            or self._records > MOST_RECORDS
            or self._text_bytes > MOST_TEXT_BYTES
        ):
            self._end_oldest()

    def _end_oldest(self) -> None:
        event = self._oldest.popleft()
        del self._open[event.stamp_ms, event.serial]
        self._records -= event.taken
        self._text_bytes -= event.text_bytes
        if event.raw_first == ABSENT:
            self._end_unknown(event)
            return
        self._events += 1
        self._left_ms = max(self._left_ms, event.stamp_ms)
        if event.output_first == ABSENT:
            self._end_missing(event)
        else:
            self._end_shared(event)

    def _end_unknown(self, event: Event) -> None:
        """An event that RAW does not have, or had too long ago."""
        self._output_events += 1
        if event.late:
            self._unplaced += 1
        else:
            self._order.take(event.output_first, ABSENT, ABSENT, event.name, whole=False)

    def _end_missing(self, event: Event) -> None:
        self._count(event, "missing", event.type, None, None)

    def _end_shared(self, event: Event) -> None:
        self._output_events += 1
        self._first_shared = min(self._first_shared, event.raw_number)
        self._last_shared = max(self._last_shared, event.raw_number)
        told: set[Kind] = set()
        is_last = event.raw_last >= self._raw_records - 1
        is_edge = event.raw_first == 0 or is_last
        found = event.faults(may_end_early=is_last and self._is_raw_torn())
        for kind, record_type, raw, output in found:
            # RAW may begin or end within an event.
            if kind not in told and not (is_edge and kind == "not-in-raw"):
                told.add(kind)
                self._count(event, kind, record_type, raw, output)
        self._whole += not told
        self._order.take(
            event.output_first, event.raw_first, event.raw_last, event.name, whole=not told
        )

    def _name_first(self, kind: Kind, place: int, event: EventName) -> None:
        """The first event of a kind that shows in no record; that of an earlier time stays."""
        known = self._firsts.get(kind)
        if known is None or event < known[1].event:
            self._firsts[kind] = place, First(event, event.type, None, None)

    def _count(
        self, event: Event, kind: Kind, record_type: int, raw: bytes | None, output: bytes | None
    ) -> None:
        self._counts[kind] += 1
        if kind not in self._firsts or event.raw_first < self._firsts[kind][0]:
            self._firsts[kind] = event.raw_first, First(event.name, record_type, raw, output)


def _widened(span: Span | None, stamp_ms: int) -> Span:
    return (
        (stamp_ms, stamp_ms) if span is None else (min(span[0], stamp_ms), max(span[1], stamp_ms))
    )
