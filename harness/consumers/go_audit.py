"""go-audit: one JSON line per event, its records as the kernel sent them except for their heads.

It deletes all rules when it starts, by `auditctl -D`, and registers again every five seconds. It
keeps an event without its end-of-event record for two seconds, and writes it at the next message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from harness.consumers.base import ConsumerSetup, Found
from harness.consumers.foreign.buffered import BufferedRunning
from harness.consumers.foreign.download import find_download
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.json_lines import read_lines
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.ready import await_registered
from harness.consumers.foreign.reassemble import Record

SOURCE = "build it (go install github.com/slackhq/go-audit@latest)"
STAMP = re.compile(rb'"timestamp":"(\d{9,11}\.\d{3})"')
KEPT_BACK_S = 2.0
REGISTERS_EVERY_S = 5.0
COUNTED_LINES = {
    "missed_sequences": "Likely missed sequence ",
    "receive_errors": "Error during message receive: ",
}
"""Its own counters, by the lines that it logs."""

# Every value is given: old versions of its configuration reader do not know their defaults. The
# events cover every record type, so that sync markers (user messages) are included. It requires a
# rule; `-s` asks for the status, and changes nothing.
_CONFIG = """\
{socket_buffer}events:
  min: 1005
  max: 2999
message_tracking:
  enabled: true
  log_out_of_order: false
  max_out_of_order: 500
output:
  stdout:
    enabled: false
    attempts: 3
  syslog:
    enabled: false
    attempts: 3
  file:
    enabled: true
    attempts: 3
    path: {path}
    mode: 0600
    user: root
    group: root
log:
  flags: 0
rules:
  - -s
"""


class Message(msgspec.Struct):
    """One record: its type, and its text after the head."""

    type: int
    data: str


class Event(msgspec.Struct):
    """One line of the output."""

    sequence: int
    timestamp: str
    messages: list[Message]


def config_text(events: Path, rcvbuf_bytes: int | None = None) -> str:
    """The configuration. The kernel doubles the requested buffer, so half of it is requested."""
    buffer = f"socket_buffer:\n  receive: {rcvbuf_bytes // 2}\n" if rcvbuf_bytes else ""
    return _CONFIG.format(socket_buffer=buffer, path=json.dumps(str(events)))


def records_of(events: Iterable[Event]) -> Iterator[Record]:
    """The records of events as the kernel sent them, end-of-event records left out."""
    for event in events:
        head = f"audit({event.timestamp}:{event.sequence}): "
        for message in event.messages:
            yield message.type, (head + message.data).encode()


def own_count(words: str) -> dict[str, int]:
    """Its own counters, from its output."""
    lines = words.splitlines()
    return {
        name: sum(line.startswith(beginning) for line in lines)
        for name, beginning in COUNTED_LINES.items()
    }


class _Running(BufferedRunning):
    patience_s = KEPT_BACK_S + REGISTERS_EVERY_S + 3.0

    def __init__(self, process: ExternalProcess, setup: ConsumerSetup, events: Path) -> None:
        super().__init__(process, setup, OutputAge(events, STAMP))
        self._events = events

    def event_files(self) -> list[Path]:
        return [self._events]

    def document(self) -> dict[str, Any]:
        document = self.judged(lambda: records_of(read_lines(self.event_files(), Event)))
        return document | {"own_count": own_count(self.process.output())}


class GoAudit:
    """go-audit with its output in a file."""

    name = "go-audit"
    summary = "go-audit, events to a file as JSON"
    sees_events = True
    registers = True
    by_tree = False
    changes = "deletes all rules when it starts; registers again every 5 s"

    def find(self, binary: Path | None) -> Found:
        """Find its program; versions before 1.0 do not report their version."""
        return find_download(self.name, "go-audit", binary, source=SOURCE, version_word="-version")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it, and wait until the kernel has accepted it."""
        assert setup.folder is not None
        config, events = setup.folder / "go-audit.yaml", setup.folder / "events.json"
        config.write_text(config_text(events, setup.rcvbuf_bytes), encoding="utf-8")
        command = [str(self.find(setup.binary).path), "-config", str(config)]
        process = ExternalProcess("go-audit", command, setup.folder, cpus=setup.cpus)
        try:
            await_registered(process)
            return _Running(process, setup, events)
        except BaseException:
            process.end()
            raise
