"""A stand-in for Auditbeat: its flags, its YAML, what it sets in the kernel, its events and totals.

By github.com/elastic/beats (auditbeat/module/auditd, libbeat's file output and metrics log) and
github.com/elastic/go-libaudit (reassembler.go, audit.go).
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from consumer.text.names import type_name
from harness.kernel.client import AuditClient
from tests.fakes.stand_in import PACE, Ending, Link, begin, head_of, load_yaml

REPLACE, LOGIN, EOE, PROCTITLE = 1329, 1006, 1320, 1327
TIMEOUT_S = 2 * PACE
MOST_IN_FLIGHT = 50
FLUSH_S = 1 * PACE
OPTIONS = {
    "module", "socket_type", "resolve_ids", "failure_mode", "backlog_limit", "rate_limit",
    "include_raw_message", "include_warnings", "backpressure_strategy",
}  # fmt: skip


def say(message: str, **fields: object) -> None:
    """One line of its log, as its versions from 8 on write it to stderr with `-e`."""
    line = {
        "log.level": "info",
        "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "message": message,
        "service.name": "auditbeat",
        "ecs.version": "1.6.0",
    }
    print(json.dumps(line | fields, separators=(",", ":")), file=sys.stderr, flush=True)


def config_of(words: list[str]) -> dict[str, Any]:
    """The configuration that the arguments name."""
    if words == ["version"]:
        print("auditbeat version 8.0.0 (a stand-in), libbeat 8.0.0")
        sys.exit(0)
    path = ""
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            path = words.pop(0)
        elif word != "-e":
            sys.exit(f"Error: unknown flag: {word}")
    mode = Path(path).stat().st_mode & 0o777
    if mode & 0o022:
        sys.exit(f'Exiting: error loading config file: config file ("{path}") can only be writable'
                 " by the owner")  # fmt: skip
    config: dict[str, Any] = load_yaml(Path(path))
    return config


class Reassembler:
    """Groups records by serial; the lowest one goes first, as soon as it is complete."""

    def __init__(self) -> None:
        self.seq_gaps = 0
        self._groups: dict[int, list[tuple[int, bytes]]] = {}
        self._due: dict[int, float] = {}
        self._complete: set[int] = set()
        self._last = 0

    def push(self, kind: int, serial: int, text: bytes) -> None:
        if kind == EOE:
            if serial in self._groups:
                self._complete.add(serial)
            return
        self._groups.setdefault(serial, []).append((kind, text.strip()))
        self._due.setdefault(serial, time.monotonic() + TIMEOUT_S)
        if kind == PROCTITLE or kind <= 1299 or kind >= 2100:
            self._complete.add(serial)

    def clean_up(self) -> list[list[tuple[int, bytes]]]:
        evicted = []
        while self._groups:
            first = min(self._groups)
            full = len(self._groups) > MOST_IN_FLIGHT
            if not (first in self._complete or full or time.monotonic() > self._due[first]):
                break
            if self._last:
                self.seq_gaps += first - self._last - 1
            self._last = first
            self._complete.discard(first)
            del self._due[first]
            evicted.append(self._groups.pop(first))
        return evicted


def event_of(records: list[tuple[int, bytes]]) -> dict[str, Any]:
    """What it makes of one event."""
    stamp, serial, _ = head_of(records[0][1])
    moment = datetime.fromtimestamp(float(stamp), UTC).isoformat(timespec="milliseconds")
    original = [
        f"type={type_name(kind)} msg={text.decode(errors='replace')}" for kind, text in records
    ]
    return {
        "@timestamp": moment.replace("+00:00", "Z"),
        "@metadata": {"beat": "auditbeat", "type": "_doc", "version": "8.0.0"},
        "event": {"kind": "event", "module": "auditd", "original": original},
        "auditd": {"sequence": serial, "message_type": type_name(records[0][0]).lower()},
        "service": {"type": "auditd"},
    }


def set_kernel(module: dict[str, Any]) -> None:
    """What it sets before it listens or registers; nothing of it is taken back."""
    with AuditClient() as client:
        if module["socket_type"] == "unicast":
            client.set_status("failure", {"silent": 0, "log": 1}[module["failure_mode"]])
            client.set_status("backlog_limit", module["backlog_limit"])
            client.set_status("backlog_wait_time", 0)
            client.set_status("rate_limit", module["rate_limit"])
        client.set_status("enabled", 1)


def main() -> None:
    config = config_of(sys.argv[1:])
    begin("auditbeat")
    (module,) = config["auditbeat.modules"]
    if unknown := set(module) - OPTIONS:
        sys.exit(f"Exiting: unknown options {sorted(unknown)}")
    ending, reassembler = Ending(), Reassembler()
    unicast = module["socket_type"] == "unicast"
    Path(config["path.data"]).mkdir(parents=True)
    link = Link(listens=not unicast)
    set_kernel(module)
    if unicast:
        link.register()
    output = config["output.file"]
    name = f"{output['filename']}-{datetime.now(UTC):%Y%m%d}.ndjson"
    received, queue, due = 0, [], time.monotonic() + FLUSH_S
    while not ending.asked:
        for kind, text in link.messages():
            _, serial, _ = head_of(text)
            if kind == REPLACE or (not 1100 <= kind <= 2999 and kind != LOGIN):
                continue
            received += 1
            reassembler.push(kind, serial, text)
            queue += reassembler.clean_up()
        queue += reassembler.clean_up()
        if queue and time.monotonic() >= due:
            with (Path(output["path"]) / name).open("a", encoding="utf-8") as file:
                for records in queue:
                    file.write(json.dumps(event_of(records), separators=(",", ":")) + "\n")
            queue, due = [], time.monotonic() + FLUSH_S
    if unicast:
        link.unregister()
    counters = {"received_msgs": received, "reassembler_seq_gaps": reassembler.seq_gaps}
    counters |= {"kernel_lost": 0, "userspace_lost": 0}
    totals = {"metrics": {"auditd": counters, "libbeat": {"config": {"module": {"running": 0}}}}}
    say("Total metrics", monitoring=totals)


if __name__ == "__main__":
    main()
