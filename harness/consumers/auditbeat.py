"""Auditbeat's module auditd: one JSON line per event, with its records as the kernel sent them.

By unicast it sets enabled, failure, backlog limit, waiting and rate limit when it starts, and does
not restore them; by multicast it sets only enabled. It deletes rules only if it has some of its
own, and here it has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from consumer.text.names import type_number
from harness.consumers.base import ConsumerSetup, Found
from harness.consumers.foreign.buffered import BufferedRunning
from harness.consumers.foreign.download import find_download
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.json_lines import read_lines
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.ready import await_listening, await_recording, await_registered
from harness.consumers.foreign.reassemble import Record
from harness.processes.line_process import ChildFailedError

SOURCE = "get it from https://www.elastic.co/downloads/beats/auditbeat"
RAW = re.compile(r"type=(\S+) msg=(.*)", re.DOTALL)
COUNTERS = ("received_msgs", "reassembler_seq_gaps", "userspace_lost", "kernel_lost")

# The module's settings are its defaults, except that raw messages are included. A file is never
# full, so that none is deleted.
_CONFIG = """\
path.home: {home}
path.data: {data}
path.logs: {logs}
auditbeat.max_start_delay: 0
auditbeat.modules:
- module: auditd
  socket_type: {socket_type}
  resolve_ids: true
  failure_mode: silent
  backlog_limit: 8192
  rate_limit: 0
  include_raw_message: true
  include_warnings: false
  backpressure_strategy: auto
queue.mem.flush.timeout: 1s
output.file:
  path: {events}
  filename: auditbeat
  rotate_every_kb: 1048576
  number_of_files: 1000
  permissions: 0600
logging.level: info
logging.json: true
logging.metrics.enabled: true
"""

Mode = Literal["unicast", "multicast"]


class Original(msgspec.Struct):
    """The part of an event that contains its records."""

    original: list[str] = []


class Event(msgspec.Struct):
    """One line of the output; the records alone are read."""

    event: Original = msgspec.field(default_factory=Original)


def config_text(folder: Path, mode: Mode) -> str:
    """The configuration; everything it writes is in the folder."""
    home = folder / "auditbeat"
    paths = {
        "home": home,
        "data": home / "data",
        "logs": home / "logs",
        "events": folder / "events",
    }
    quoted = {name: json.dumps(str(path)) for name, path in paths.items()}
    return _CONFIG.format(socket_type=mode, **quoted)


def records_of(events: Iterable[Event]) -> Iterator[Record]:
    """The records of events as the kernel sent them, end-of-event records left out.

    Raises ChildFailedError at anything that is not a record.
    """
    for event in events:
        for raw in event.event.original:
            found = RAW.fullmatch(raw)
            number = type_number(found[1]) if found else None
            if found is None or number is None:
                raise ChildFailedError(f"auditbeat wrote {raw[:80]!r}, which is not a record")
            yield number, found[2].encode()


def own_count(words: str) -> dict[str, int]:
    """Its own counters, from the totals that it logs as it ends; empty if it did not log them.

    Versions before 8 put words before the JSON of a line.
    """
    for line in reversed(words.splitlines()):
        if '"auditd":{' in line.replace(" ", "") and "Total" in line:
            counters = _metrics(line[line.index("{") :])
            return {name: int(counters[name]) for name in COUNTERS if name in counters}
    return {}


def _metrics(text: str) -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = json.loads(text)["monitoring"]["metrics"]["auditd"]
    except (ValueError, KeyError, TypeError):
        return {}
    return metrics


class _EventsAge(OutputAge):
    """The age of the output; the files have dates in their names and begin with the first event."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.folder = folder

    def look(self) -> None:
        if files := event_files(self.folder):
            self.path = files[-1]
            super().look()

    def size(self) -> int:
        return sum(path.stat().st_size for path in event_files(self.folder))


def event_files(folder: Path) -> list[Path]:
    """The files of events, the oldest first."""
    return sorted(folder.glob("auditbeat*"), key=lambda path: path.stat().st_mtime_ns)


class _Running(BufferedRunning):
    patience_s = 6.0

    def __init__(
        self, process: ExternalProcess, setup: ConsumerSetup, folder: Path, mode: Mode
    ) -> None:
        super().__init__(process, setup, _EventsAge(folder), mode=mode)
        self._folder = folder

    def event_files(self) -> list[Path]:
        return event_files(self._folder)

    def document(self) -> dict[str, Any]:
        document = self.judged(lambda: records_of(read_lines(self.event_files(), Event)))
        return document | {"own_count": own_count(self.process.output())}


class Auditbeat:
    """Auditbeat with its output in a file, by unicast or by multicast."""

    sees_events = True
    by_tree = False

    def __init__(self, name: str, summary: str, mode: Mode, changes: str) -> None:
        self.name, self.summary, self.changes = name, summary, changes
        self.registers = mode == "unicast"
        self._mode: Mode = mode

    def find(self, binary: Path | None) -> Found:
        """Find its program."""
        return find_download(self.name, "auditbeat", binary, source=SOURCE, version_word="version")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it, and wait until the kernel has accepted it."""
        assert setup.folder is not None
        config, events = setup.folder / "auditbeat.yml", setup.folder / "events"
        config.write_text(config_text(setup.folder, self._mode), encoding="utf-8")
        config.chmod(0o600)
        events.mkdir()
        command = [str(self.find(setup.binary).path), "-e", "-c", str(config)]
        process = ExternalProcess("auditbeat", command, setup.folder, cpus=setup.cpus)
        try:
            if self.registers:
                await_registered(process)
            else:
                await_listening(process)
                await_recording(process)
            return _Running(process, setup, events, self._mode)
        except BaseException:
            process.end()
            raise


AUDITBEATS = (
    Auditbeat(
        "auditbeat",
        "Auditbeat by unicast, events to a file as JSON",
        "unicast",
        "sets enabled 1, failure 0, backlog limit 8192, wait 0, no rate limit; restores nothing",
    ),
    Auditbeat(
        "auditbeat-multicast",
        "Auditbeat by multicast, events to a file as JSON",
        "multicast",
        "sets enabled 1; restores nothing",
    ),
)
