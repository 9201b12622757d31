"""The sums of the events in files of audit.log: `python -m consumer.log FILE…`.

One JSON document is printed. Decoding and counting are Cython (`reader`, `events`, `fields`); this
module opens and orders the files and reports the result.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Collection, Iterable
from typing import Any

from consumer.errors import UsageError
from consumer.log.causes import Cause, cause_of
from consumer.log.events import LogEvents
from consumer.log.fields import LogFields
from consumer.log.files import DAMAGED, LogFile, open_in_order
from consumer.log.reader import LogReader
from consumer.log.tables import KINDS, PART, SHAPE, SUBJ, Row, shapes, table
from consumer.log.tenths import LogTenths

SCHEMA = "auditbench.log/1"
TICK_MS = 250
DEFAULT_KINDS = ("exe", "syscall", "key", "auid", "address")
# Some records complete only what their event lacks; these kinds are always kept for that.
_KEPT = frozenset({"exe", "comm", "auid"})
_FOR_RULES = frozenset({"syscall", "key", "exe", "auid", "uid"})

Progress = Callable[[int, int], None]


class LogSums:
    """The sums of logs. `kinds` are names of KINDS; `with_shapes` is for rules.

    All events count; with `as_aureport` only those that `aureport --summary` counts. `with_tenths`
    counts them by tenths of a second, too.
    """

    def __init__(
        self,
        kinds: Collection[str] = DEFAULT_KINDS,
        *,
        with_shapes: bool = False,
        own_pid: int = 0,
        as_aureport: bool = False,
        with_tenths: bool = False,
    ) -> None:
        self.kinds = tuple(kinds)
        needed = {*kinds, *_KEPT, *(_FOR_RULES if with_shapes else ())}
        wanted = {KINDS.index(kind) for kind in needed} | (
            {SUBJ, SHAPE, PART} if with_shapes else set()
        )
        self._fields = LogFields(wanted, as_aureport)
        self.tenths = LogTenths(with_tenths)
        self._events = LogEvents(self._fields, self.tenths)
        self.reader = LogReader(self._events, own_pid)
        self._files: list[dict[str, Any]] = []
        self._cause: Cause | None = None

    def take_file(self, file: LogFile, tick: Callable[[], None]) -> None:
        """Take a whole file; a file that cannot be read further ends there."""
        before = self._counts()
        self.reader.begin_file()
        problem = None
        try:
            self._read(file, tick)
        except DAMAGED as error:
            problem = str(error) or "it ends too early"
        self.reader.end_file()
        self._note(file.name, before, problem)

    def _read(self, file: LogFile, tick: Callable[[], None]) -> None:
        if file.fd is not None:
            file.rewind()
            os.posix_fadvise(file.fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
            while self.reader.read_from(file.fd):
                tick()
            return
        while piece := file.read():
            self.reader.feed(piece)
            tick()

    def take_descriptor(
        self, name: str, fd: int, tick: Callable[[], None], interrupted: Callable[[], None]
    ) -> None:
        """Read a pipe until its end; Ctrl-C calls `interrupted`, and reading continues.

        `tick` is also called when no data comes for a while.
        """
        before = self._counts()
        self.reader.begin_file()
        waiting = select.poll()
        waiting.register(fd, select.POLLIN)
        more = 1
        while more:
            try:
                if waiting.poll(TICK_MS):
                    more = self.reader.read_from(fd)
                tick()
            except KeyboardInterrupt:
                interrupted()
        self.reader.end_file()
        self._note(name, before, None)

    def _counts(self) -> tuple[int, ...]:
        reader = self.reader
        return reader.input_bytes, reader.lines, reader.records, reader.damaged_lines

    def _note(self, name: str, before: tuple[int, ...], problem: str | None) -> None:
        names = ("bytes", "lines", "records", "damaged_lines")
        counts = [now - then for now, then in zip(self._counts(), before, strict=True)]
        first = self.reader.first_damaged
        cause = cause_of(self.reader.damaged_sample) if first else None
        self._cause = self._cause or cause
        self._files.append(
            {
                "name": name,
                **dict(zip(names, counts, strict=True)),
                "first_damaged_line": first - before[1] if first else None,
                "damage": f"{cause.what}; {cause.remedy}" if cause else None,
                "problem": problem,
            }
        )

    def check(self) -> None:
        """Raise UsageError if no file has a record."""
        if self.reader.records:
            return
        names = [file["name"] for file in self._files]
        where = repr(names[0]) if len(names) == 1 else f"the {len(names)} files"
        if self._cause is None:
            raise UsageError(
                f"no audit records in {where}",
                "name an audit.log with records, or count the kernel's with "
                "`auditbench top --listen 30s`",
            )
        raise UsageError(
            f"no line of {where} is an audit record ({self._cause.what})", self._cause.remedy
        )

    def shapes(self) -> list[Row]:
        """The system calls to evaluate rules on; no record may come after it."""
        self._events.finish()
        return shapes(self._fields)

    def busiest(self) -> tuple[int, int]:
        """The most records that the kernel of one host queued in a second, and that second.

        Seconds since 1970. The end of each event is one of the records, though auditd does not
        write it. Records that were lost are not in a log.
        """
        return self._events.busiest_records, self._events.busiest_second

    def document(self) -> dict[str, Any]:
        """All sums; no record may come after it."""
        self._events.finish()
        reader, events = self.reader, self._events
        return {
            "schema": SCHEMA,
            "files": self._files,
            "lines": reader.lines,
            "blank_lines": reader.blank_lines,
            "damaged_lines": reader.damaged_lines,
            "damaged_bytes": reader.damaged_bytes,
            "long_lines": reader.long_lines,
            "records": reader.records,
            "bytes": reader.record_bytes,
            "events": events.ended,
            "events_cut_short": events.evicted,
            "stray_ends": events.stray_ends,
            "own_records": reader.own_records,
            "as_aureport": self._fields.as_aureport,
            "first_ms": events.first_ms if events.ended else None,
            "last_ms": events.last_ms if events.ended else None,
            "tables": [table(self._fields, kind) for kind in self.kinds],
        }


def read_logs(paths: Iterable[str], sums: LogSums, progress: Progress | None = None) -> None:
    """Take all these files, oldest first. `progress` gets bytes read, and all bytes or 0.

    Raises UsageError for a file that cannot be opened, before any is read.
    """
    files = open_in_order(paths)
    try:
        total = sum(file.size for file in files)
        done = 0
        for file in files:

            def tick(file: LogFile = file, done: int = done) -> None:
                if progress is not None:
                    progress(done + file.position() if total else sums.reader.input_bytes, total)

            sums.take_file(file, tick)
            done += file.size
    finally:
        for file in files:
            file.close()
