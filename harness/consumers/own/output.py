"""What a program of the user's own writes: a file of lines in one of the known forms.

The program may be anything: what it writes is bounded, and read as no more than lines. A link, a
FIFO or a device in the place of the file is refused, and is never waited for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from harness.consumers.foreign.audit_log import ENRICHMENT
from harness.consumers.foreign.given_lines import Found, Line
from harness.consumers.foreign.given_output import MAPPED, PARSERS, Form, Parser, split_lines
from harness.consumers.foreign.mapping import MOST_TEXT_BYTES, MOST_TYPE, LineMapping
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.reassemble import USER_MESSAGES, Record
from harness.files.reading import open_as_root
from harness.processes.line_process import ChildFailedError

PIECE_BYTES = 1 << 20
MOST_BYTES = 4 << 30
"""Of one trial; auditd's log may grow as large."""


class OwnOutput(OutputAge):
    """The file of one trial. What is in it before the program starts is not read.

    `form` None is recognised by the first line that is a record; `mapping` reads JSON lines.
    """

    def __init__(
        self, path: Path, form: Form | None = None, mapping: LineMapping | None = None
    ) -> None:
        super().__init__(path)
        parsers = PARSERS if mapping is None else {MAPPED: mapping.line}
        self._parsers: dict[Form, Parser] = dict(parsers if form is None else {form: parsers[form]})
        self._before = super().size()
        self.damaged = 0
        """Lines that are no record, at the last reading."""
        self.lines = 0
        """Those that are, and those of the program about itself."""

    def look(self) -> None:
        """Note the age of the newest event, as OutputAge does. ChildFailedError if it is no file,
        or too large.
        """
        if self.size() > MOST_BYTES:
            raise ChildFailedError(f"{self.path.name} grew by more than {MOST_BYTES >> 30} GiB")
        super().look()

    def size(self) -> int:
        """Bytes written in this trial."""
        return super().size() - self._begin()

    def newest_s(self, tail: bytes) -> float | None:
        """The time of the newest event in the end of the file, in seconds since 1970."""
        for line in reversed(tail.split(b"\n")[1:-1]):
            found = self._parsed(line)
            if found is not None and found.records:
                return found.records[-1].stamp_ms / 1000
        return None

    def records(self, marker: str) -> Iterator[Record]:
        """All its records, anew from its beginning; none where there is no file.

        Lines that hold the sync marker count as such though their text is not mapped.
        """
        sync = re.compile(rb"%s:\d{1,9}" % re.escape(marker.encode()))
        self.damaged = self.lines = 0
        for line in split_lines(self._pieces()):
            if line is not None and not line.strip():
                continue
            found = None if line is None else self._parsed(line)
            if found is None:
                self.damaged += 1
                continue
            self.lines += 1
            for record in found.records:
                yield from _record(record, line or b"", sync)

    def _parsed(self, line: bytes) -> Line | None:
        for form, parse in self._parsers.items():
            if (found := parse(line)) is not None:
                self._parsers = {form: parse}
                return found
        return None

    def _begin(self) -> int:
        """Where this trial's lines begin: a file that was begun anew is all of this trial."""
        return self._before if super().size() >= self._before else 0

    def _pieces(self) -> Iterator[bytes]:
        try:
            descriptor = open_as_root(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise ChildFailedError(f"{self.path.name} cannot be read ({error.strerror})") from None
        with os.fdopen(descriptor, "rb") as file:
            file.seek(self._begin())
            while piece := file.read(PIECE_BYTES):
                yield piece


def _record(found: Found, line: bytes, sync: re.Pattern[bytes]) -> Iterator[Record]:
    stamp_ms, serial, kind, text = found
    if not 0 < kind <= MOST_TYPE:
        return
    if kind in USER_MESSAGES and (marker := sync.search(line)):
        text = text if sync.search(text) else b"op=" + marker[0]
    head = b"audit(%d.%03d:%d): " % (*divmod(stamp_ms, 1000), serial)
    yield kind, head + text.partition(ENRICHMENT)[0][:MOST_TEXT_BYTES]
