"""One event in RAW and in an output: equal records cancel out, the rest says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.verify import JOINED, EventName, Kind, Record

SYSCALL, EXECVE = 1300, 1309
ABSENT = -1

Item = tuple[int, bytes]
"""Type and text of a record."""
Fault = tuple[Kind, int, bytes | None, bytes | None]
"""A kind, and the record that shows it: type, text in RAW, text in the output."""


class Event:
    """The records of one time and serial, in the order in which they are read from either side.

    `raw_first`, `raw_last` and `output_first` are places among the records of the side,
    `raw_number` its place among the events of RAW.
    """

    __slots__ = (
        "balance",
        "equal",
        "late",
        "output_first",
        "raw_first",
        "raw_last",
        "raw_number",
        "serial",
        "shown",
        "stamp_ms",
        "taken",
        "type",
    )

    def __init__(self, record: Record, *, late: bool) -> None:
        self.stamp_ms, self.serial = record.stamp_ms, record.serial
        self.type, self.shown = record.type, record.shown
        self.late = late
        """It began after events of its time had left the window."""
        self.taken = 0
        """Its records on both sides."""
        self.raw_first = self.raw_last = self.raw_number = self.output_first = ABSENT
        self.balance: dict[Item, int] = {}
        """How often RAW has a record more than the output."""
        self.equal: list[int] = []
        """Hashes of the records that both have."""

    def take_raw(self, record: Record, place: int) -> int:
        """Take a record of RAW; return by how many bytes more is kept."""
        if self.raw_first == ABSENT:
            self.raw_first = place
        self.raw_last = place
        return self._take(record, 1)

    def take_output(self, record: Record, place: int) -> int:
        """Take a record of the output; return by how many bytes more is kept."""
        if self.output_first == ABSENT:
            self.output_first = place
        return self._take(record, -1)

    def _take(self, record: Record, sign: int) -> int:
        self.taken += 1
        if record.type == SYSCALL:
            self.type, self.shown = SYSCALL, record.shown
        item = (record.type, record.text)
        before = self.balance.pop(item, 0)
        after = before + sign
        if after:
            self.balance[item] = after
        if abs(after) < abs(before):
            self.equal.append(hash(item))
            return -len(record.text)
        return len(record.text)

    @property
    def text_bytes(self) -> int:
        """Of the texts that it counts as kept."""
        return sum(len(text) * abs(count) for (_, text), count in self.balance.items())

    @property
    def name(self) -> EventName:
        """What it is called."""
        return EventName(self.stamp_ms, self.serial, self.type, self.shown)

    def faults(self, *, may_end_early: bool = False) -> Iterator[Fault]:
        """What is wrong with an event that both sides have; the same kind may come again.

        `may_end_early`: a record of RAW that goes on in the output may be cut in RAW.
        """
        absent = [item for item, count in self.balance.items() for _ in range(count)]
        more = [item for item, count in self.balance.items() for _ in range(-count)]
        equal = set(self.equal) if more else set()
        if any(_is_joined(item) for item in more):
            absent = _with_joined(absent)
            equal |= _cancel(more, absent)
        rest = []
        for item in more:
            if hash(item) in equal:
                yield "doubled", item[0], item[1], item[1]
            elif (whole := _beginning_with(item, absent)) is not None:
                absent.remove(whole)
                yield "cut", item[0], whole[1], item[1]
            else:
                rest.append(item)
        yield from _replaced(rest, absent, may_end_early=may_end_early)
        for record_type, text in absent:
            yield "cut", record_type, text, None


def _is_joined(item: Item) -> bool:
    return item[0] == EXECVE and item[1].startswith(JOINED)


def _with_joined(absent: list[Item]) -> list[Item]:
    """The same, with the arguments of command lines joined by spaces."""
    return [
        (record_type, _joined(text) if record_type == EXECVE else text)
        for record_type, text in absent
    ]


def _joined(text: bytes) -> bytes:
    return JOINED + b" ".join(part.partition(b"=")[2] for part in text.split(b"\0"))


def _cancel(more: list[Item], absent: list[Item]) -> set[int]:
    """Take what both have out of both; return its hashes."""
    both = [item for item in absent if item in more]
    for item in both:
        if item in more:
            more.remove(item)
            absent.remove(item)
    return set(map(hash, both))


def _replaced(more: list[Item], absent: list[Item], *, may_end_early: bool) -> Iterator[Fault]:
    """Records of the output with their like in RAW, which is taken out of `absent`."""
    for record_type, text in more:
        other = next((each for each in absent if each[0] == record_type), None)
        if other is None:
            yield "not-in-raw", record_type, None, text
            continue
        absent.remove(other)
        is_cut_in_raw = may_end_early and text.startswith(other[1])
        yield "not-in-raw" if is_cut_in_raw else "changed", record_type, other[1], text


def _beginning_with(item: Item, absent: list[Item]) -> Item | None:
    """The record of RAW of which another has only the beginning."""
    record_type, text = item
    return next(
        (each for each in absent if each[0] == record_type and each[1].startswith(text)), None
    )
