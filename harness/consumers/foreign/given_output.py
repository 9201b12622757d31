"""Logs and outputs that are given as files: which form they have, and their records in order.

Files come from anywhere: lines of any length, damaged ones, archives that end too early. What is no
record is counted, the first of it by number, and reading goes on.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from consumer.log.files import DAMAGED, STDIN, LogFile
from consumer.output.capture import MAGIC, VERSION
from harness.consumers.foreign.audit_log import ENRICHMENT
from harness.consumers.foreign.comparable import Comparable
from harness.consumers.foreign.given_lines import (
    Found,
    Line,
    datagram,
    go_audit_line,
    joined,
    laurel_line,
    log_line,
)
from harness.consumers.foreign.mapping import LineMapping
from harness.errors import UsageError
from harness.model.verify import EOE, Record, Side

Form = Literal["log", "capture", "go-audit", "laurel", "json-lines"]
MAPPED: Form = "json-lines"
"""JSON lines of any program, read by a mapping."""
Parser = Callable[[bytes], Line | None]
PARSERS: dict[Form, Parser] = {
    "log": log_line,
    "go-audit": go_audit_line,
    "laurel": laurel_line,
}
FORMS_TAKEN = (
    "it takes a raw or enriched audit.log, a capture, the JSON of go-audit or Laurel, and other "
    "JSON lines with --mapping"
)
MAPPING_FITS_NOTHING = "look at a line of it: --mapping says which of its members are what"

MOST_LINE_BYTES = 16 << 20
"""Laurel's line of the longest command line that Linux takes is shorter."""
MOST_FRAME_BYTES = 1 << 20
SHOWN_BYTES = 48
_HEADER = struct.Struct("<8sII")
_FRAME = struct.Struct("<IQ")
_NETLINK = struct.Struct("<IHHII")


class GivenOutput:
    """One log or output, of one or more files; `form` is None where nothing in it is a record.

    With a `mapping` its lines are JSON, read by that. `tick` is called now and then while it is
    read. Raises UsageError for a capture of another version.
    """

    def __init__(
        self,
        name: str,
        files: list[LogFile],
        tick: Callable[[], None],
        mapping: LineMapping | None = None,
    ) -> None:
        self.name = "standard input" if name == STDIN else name
        self.form: Form | None = None
        self.forms_taken = FORMS_TAKEN if mapping is None else MAPPING_FITS_NOTHING
        """What to do where nothing in it is a record."""
        self._without_texts = mapping is not None and not mapping.has_text
        self._parsers = PARSERS if mapping is None else {MAPPED: mapping.line}
        self.is_enriched = False
        self._ends_in = b"\n"
        self._has_texts = False
        self.is_empty = True
        """Whether there is not even a line."""
        self.hosts: set[bytes] = set()
        """The first two that its lines name."""
        self._tick = tick
        self._units = self._damaged = self._first_damaged = 0
        self.problem = ""
        """Why it could not be read to its end; empty where it could so far."""
        self._found = itertools.chain.from_iterable(map(self._records_of, files))
        first = next(self._found, None)
        if first is not None:
            self._found = itertools.chain([first], self._found)

    def side(self) -> Side:
        """What of it could not be read, once it was read."""
        form = "enriched log" if self.is_enriched else str(self.form)
        if self._without_texts:
            form += " without texts"
        return Side(self.name, form, self._damaged, self._first_damaged, self.problem)

    def is_torn(self) -> bool:
        """Whether its last record may be a part of one, once it was read: a line without an end."""
        return self.form == "log" and self._ends_in != b"\n"

    def lacks_texts(self) -> bool:
        """Whether no record had a text, once it was read."""
        return not self._has_texts

    def records(self, comparable: Comparable, *, joins: bool = False) -> Iterator[Record]:
        """Its records in order, once; `joins` makes one of the parts of a command line."""
        for stamp_ms, serial, kind, text in joined(self._found) if joins else self._found:
            self._has_texts = self._has_texts or bool(text)
            if kind == EOE:
                yield Record(stamp_ms, serial, EOE, b"", b"")
            elif (same := comparable(kind, text)) is not None:
                yield Record(stamp_ms, serial, kind, same, text[:SHOWN_BYTES])

    def _records_of(self, file: LogFile) -> Iterator[Found]:
        pieces = self._pieces(file)
        begin = next(pieces, b"")
        while begin and len(begin) < len(MAGIC):
            if not (more := next(pieces, b"")):
                break
            begin += more
        rest = itertools.chain([begin] if begin else [], pieces)
        if begin.startswith(MAGIC):
            self.form = self.form or "capture"
            return self._frames(_Bytes(rest))
        return self._from_lines(split_lines(rest))

    def _pieces(self, file: LogFile) -> Iterator[bytes]:
        try:
            while piece := file.read():
                self._tick()
                self._ends_in = piece[-1:]
                yield piece
        except DAMAGED as error:
            self.problem = self.problem or str(error) or "it ends too early"

    def _from_lines(self, lines: Iterable[bytes | None]) -> Iterator[Found]:
        for line in lines:
            self._units += 1
            if line is not None and not line.strip():
                continue
            self.is_empty = False
            found = None if line is None else self._parsed(line)
            if found is None:
                self._note_damage()
                continue
            if found.node is not None and len(self.hosts) < 2:
                self.hosts.add(found.node)
            if self.form == "log" and any(ENRICHMENT in each.text for each in found.records):
                self.is_enriched = True
            yield from found.records

    def _parsed(self, line: bytes) -> Line | None:
        """The first line that is a record says which form the others have."""
        if self.form is not None:
            return self._parsers[self.form](line) if self.form in self._parsers else None
        for form, parse in self._parsers.items():
            if (found := parse(line)) is not None:
                self.form = form
                return found
        return None

    def _note_damage(self) -> None:
        self._damaged += 1
        self._first_damaged = self._first_damaged or self._units

    def _frames(self, content: _Bytes) -> Iterator[Found]:
        """The records of a capture, whose format is in docs/capture.md."""
        self.is_empty = False
        _, version, length = _HEADER.unpack(content.take(_HEADER.size).ljust(_HEADER.size, b"\0"))
        if version != VERSION:
            raise UsageError(
                f"{self.name} is a capture of version {version}",
                remedy=f"this program reads version {VERSION}",
            )
        content.skip(length)
        while head := content.take(_FRAME.size):
            self._units += 1
            if len(head) < _FRAME.size or not self._fits(size := _FRAME.unpack(head)[0]):
                self._end_early()
                return
            frame = content.take(size)
            if len(frame) < size:
                self._end_early()
                return
            _, kind, *_ = _NETLINK.unpack_from(frame)
            found = datagram(kind, frame[_NETLINK.size :])
            if found is None:
                self._note_damage()
            else:
                yield found

    def _fits(self, size: int) -> bool:
        return _NETLINK.size <= size <= MOST_FRAME_BYTES

    def _end_early(self) -> None:
        self.problem = self.problem or f"frame {self._units:,} is cut off or damaged"


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """Lines without their line feeds; None for one that is longer than any record."""
    parts: list[bytes] = []
    length = 0
    for piece in pieces:
        first, *others = piece.split(b"\n")
        length += len(first)
        if length > MOST_LINE_BYTES:
            parts.clear()
        else:
            parts.append(first)
        if others:
            yield b"".join(parts) if length <= MOST_LINE_BYTES else None
            yield from others[:-1]
            parts, length = [others[-1]], len(others[-1])
    if length:
        yield b"".join(parts) if length <= MOST_LINE_BYTES else None


class _Bytes:
    """Pieces as a stream to take from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._kept = b""
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        while len(self._kept) - self._at < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._kept, self._at = self._kept[self._at :] + piece, 0
        taken = self._kept[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        while size > 0 and (taken := self.take(min(size, MOST_FRAME_BYTES))):
            size -= len(taken)
