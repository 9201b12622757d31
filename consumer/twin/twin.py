"""The pure-Python twin of decoder and assembler: the oracle of the tests of the Cython code.

It takes the same datagrams and returns the same counters. Where the Cython code keeps sums, the
twin keeps the records of every event and examines all of them again, which is slow and simple. It
shares only data with the Cython code: kinds.py and implied.py.
"""

from __future__ import annotations

import re
import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from consumer.catalog import DEPTHS
from consumer.event import kinds
from consumer.twin.decode import MAX_TEXT, Record, decode
from consumer.twin.event import Event
from consumer.twin.serials import Serials, distance_between

WAYS = 4
PID_LIMIT = 1 << 22
USER_MESSAGES = range(1100, 1200)


def is_record(message_type: int) -> bool:
    """Whether a message is a record, not an answer to a control request."""
    return message_type in {1005, 1006} or (message_type >= 1100 and message_type != 1329)


def datagrams_of(frames: bytes) -> Iterator[bytes]:
    """The datagrams of a capture's frames."""
    pos = 0
    while pos < len(frames):
        (length,) = struct.unpack_from("<I", frames, pos)
        yield frames[pos + 12 : pos + 12 + length]
        pos += 12 + length


class Twin:
    """All counters of one run, the same as `consumer.receiving.pipeline.Pipeline`."""

    def __init__(
        self,
        depth: str = "assemble",
        *,
        marker: bytes = b"",
        events: int = 16384,
        excluded_types: Iterable[int] = (),
        native_arch: int = 0xC000003E,
    ) -> None:
        self.depth = DEPTHS.index(depth)
        self.marker = re.compile(re.escape(marker) + rb":([0-9]+)") if marker else None
        self.counts: Counter[str] = Counter()
        self.by_type: Counter[int] = Counter()
        self.markers: list[int] = []
        self.serials = Serials()
        self.assembler = Assembler(events, frozenset(excluded_types), native_arch)

    def feed(self, datagrams: Iterable[bytes]) -> None:
        """Take datagrams: 16 bytes of header, and text."""
        for datagram in datagrams:
            self._take(datagram)

    def _take(self, datagram: bytes) -> None:
        if len(datagram) < 16:
            self.counts["malformed"] += 1
            return
        (message_type,) = struct.unpack_from("=H", datagram, 4)
        if not is_record(message_type):
            self.counts["control_messages"] += 1
            return
        text = datagram[16 : 16 + MAX_TEXT]
        self.counts["records"] += 1
        self.counts["bytes"] += len(text)
        self.counts["truncated"] += len(datagram) - 16 > MAX_TEXT
        self.by_type[message_type] += 1
        marker = None
        if self.marker and message_type in USER_MESSAGES:
            marker = self.marker.search(text)
        serial = None
        if self.depth >= DEPTHS.index("decode"):
            serial = self._decode(message_type, text)
        if marker:
            self.markers.append(int(marker[1]) % (1 << 64))
            self._take_marker(self.markers[-1], serial)

    def _take_marker(self, number: int, serial: int | None) -> None:
        if number:
            self.assembler.span += 1
        elif serial is not None and self.serials.anchor(serial):
            self.assembler.anchor(serial)

    def _decode(self, message_type: int, text: bytes) -> int | None:
        """Decode and take a record; return its serial, None if it has no readable head."""
        record = decode(message_type, text)
        if record is None:
            self.counts["malformed"] += 1
            return None
        self.serials.see(record.serial)
        if self.depth >= DEPTHS.index("assemble"):
            self.assembler.add(record)
        return record.serial

    def finish(self) -> dict[str, Any]:
        """Make open events final; return all counters as in the result document."""
        names = ("records", "bytes", "truncated", "control_messages", "malformed")
        counters: dict[str, Any] = {name: self.counts[name] for name in names}
        counters["records_by_type"] = {
            str(number): self.by_type[number] for number in sorted(self.by_type)
        }
        counters["markers"] = self.markers
        decoded = self.depth >= DEPTHS.index("decode")
        counters["serials"] = self.serials.counters() if decoded else None
        counters |= {
            "anchor": None,
            "events": None,
            "sessions": None,
            "tree": None,
            "events_overflowed": 0,
        }
        if self.depth >= DEPTHS.index("assemble"):
            counters |= self.assembler.finish()
        return counters


class Assembler:
    """Events by time and serial; of those whose serials share a place, the four newest."""

    def __init__(self, events: int, excluded: frozenset[int], native_arch: int) -> None:
        self.places: defaultdict[int, list[Event]] = defaultdict(list)
        self.place_count = events // WAYS
        self.excluded = excluded
        self.native_arch = native_arch
        self.counts: Counter[str] = Counter()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.tree_pids: set[int] = set()
        self.tree = new_group()
        # between which two sync markers events begin; of each group's events, in which they did
        self.span = 0
        self.spans: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self.anchor_serial: int | None = None
        self.before: Counter[str] = Counter()
        self.final_records = 0
        # by cell: missing and auxiliary records of each event
        self.auxiliary: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, record: Record) -> None:
        """Take a record into its event."""
        event = self._event_of(record)
        if event.has(record):
            self.counts["duplicate_records"] += 1
            return
        if event.final or event.sees(kinds.KINDS[1320]):
            self.counts["late_records"] += 1
        if event.final:
            self.final_records += 1
            self.before["records"] += self._is_before(event)
            for group in self._groups_of(event):
                self._add_records(group, event, 1, record.length)
            return
        event.add(record)
        if self.tree_pids and kinds.kind_of(record.type) == kinds.SYSCALL:
            event.in_tree = self._belongs_to_tree(event)
        if event.is_closed() and not event.missing():
            self._finalise(event)

    def anchor(self, serial: int) -> None:
        """Count events with earlier serials separately, and forget the counts so far."""
        self.anchor_serial = serial
        self.before["events"] = self.counts.pop("complete", 0) + self.counts.pop("partial", 0)
        self.before["records"] = self.final_records
        self.sessions.clear()
        self.tree = new_group()
        self.spans.clear()
        self.auxiliary.clear()

    def _is_before(self, event: Event) -> bool:
        return (
            self.anchor_serial is not None
            and distance_between(self.anchor_serial, event.serial) < 0
        )

    def _event_of(self, record: Record) -> Event:
        place = self.places[record.serial % self.place_count]
        for event in place:
            if (event.serial, event.stamp_ms) == (record.serial, record.stamp_ms):
                return event
        if len(place) == WAYS:
            oldest = place.pop(0)
            if not oldest.final:
                self.counts["evicted"] += 1
                self._finalise(oldest)
        place.append(Event(record.stamp_ms, record.serial, self.excluded))
        place[-1].span = self.span
        return place[-1]

    def _belongs_to_tree(self, event: Event) -> bool:
        if max(event.pid, event.ppid) >= PID_LIMIT:
            return False
        if event.pid not in self.tree_pids and event.ppid not in self.tree_pids:
            return False
        self.tree_pids.add(event.pid)
        return True

    def _finalise(self, event: Event) -> None:
        missing = event.missing()
        event.final = True
        self.final_records += len(event.records)
        if self._is_before(event):
            self.before["events"] += 1
            self.before["records"] += len(event.records)
            return
        outcome = "partial" if missing else "complete"
        self.counts[outcome] += 1
        for group in self._groups_of(event):
            group["events"] += 1
            group[outcome] += 1
            self.spans[id(group)][event.span] += 1
            group["missing_records"] += missing
            self._add_records(group, event, len(event.records), event.length())
            if event.is_syscall():
                self._cell(group, event)[outcome] += 1
                self.auxiliary[id(self._cell(group, event))].append((missing, event.auxiliary()))
            else:
                heading = str(event.heading())
                group["other"][heading] = group["other"].get(heading, 0) + 1

    def _groups_of(self, event: Event) -> Iterator[dict[str, Any]]:
        if event.heading() is None or self._is_before(event):
            return
        if event.session is not None:
            yield self.sessions.setdefault(str(event.session), new_group())
        if event.in_tree:
            yield self.tree

    def _add_records(self, group: dict[str, Any], event: Event, records: int, length: int) -> None:
        group["records"] += records
        group["bytes"] += length
        if event.is_syscall():
            self._cell(group, event)["records"] += records

    def _cell(self, group: dict[str, Any], event: Event) -> dict[str, int]:
        name = str(event.heading())
        if event.arch != self.native_arch:
            name = f"{event.arch:x}:{name}"
        cell: dict[str, int] = group["by_syscall"].setdefault(
            name, {"complete": 0, "partial": 0, "records": 0}
        )
        return cell

    def finish(self) -> dict[str, Any]:
        """Make open events final and return `events`, `sessions` and `tree`."""
        waiting = [event for place in self.places.values() for event in place if not event.final]
        for event in waiting:
            self._finalise(event)
        for group in (*self.sessions.values(), self.tree):
            group["after_marker"] = self.spans[id(group)][self.span] if self.span else 0
            group["missing_auxiliary"] = sum(
                missing_auxiliary(self.auxiliary[id(cell)]) for cell in group["by_syscall"].values()
            )
        names = ("complete", "partial", "duplicate_records", "late_records", "evicted")
        totals = {name: self.counts[name] for name in names}
        before = {"events": self.before["events"], "records": self.before["records"]}
        return {
            "anchor": None
            if self.anchor_serial is None
            else {"serial": self.anchor_serial, **before},
            "events": totals | {"in_flight": len(waiting), "unchecked_records": 0},
            "sessions": self.sessions,
            "tree": self.tree if self.tree_pids else None,
        }


def missing_auxiliary(events: list[tuple[int, int]]) -> int:
    """The number of auxiliary records a call's events lack, if nine of ten complete ones agree.

    `events` are the missing and the auxiliary records (up to 3) of each.
    """
    complete = Counter(auxiliary for missing, auxiliary in events if not missing)
    usual = max(sorted(complete), key=lambda number: complete[number], default=0)
    if usual == 3 or complete[usual] * 10 < complete.total() * 9:
        return 0
    return sum(max(0, usual - auxiliary) for _, auxiliary in events)


def new_group() -> dict[str, Any]:
    """An empty group of events."""
    numbers = ("events", "complete", "partial", "records", "bytes")
    missing = ("missing_records", "missing_auxiliary", "after_marker")
    return dict.fromkeys((*numbers, *missing), 0) | {"by_syscall": {}, "other": {}}
