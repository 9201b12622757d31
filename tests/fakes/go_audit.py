"""A stand-in for go-audit: flags, YAML, all rules deleted, JSON lines, registrations.

By github.com/slackhq/go-audit: audit.go, client.go, marshaller.go, parser.go, writer.go.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from harness.errors import AuditbenchError
from harness.kernel.client import AuditClient
from harness.kernel.rules.text import parse_rule
from tests.fakes.stand_in import PACE, Ending, Link, begin, head_of, load_yaml

EOE = 1320
WITHOUT_UIDS = (1306, 1307, 1309)
COMPLETE_AFTER_S = 2 * PACE
KEEP_CONNECTION_S = 5 * PACE
USAGE = "Usage of go-audit:\n  -config string\n    \tConfig file location"


def die(words: str, code: int = 1) -> NoReturn:
    print(words, file=sys.stderr, flush=True)
    sys.exit(code)


def config_path(words: list[str]) -> str:
    """What Go's flag package makes of the arguments."""
    path = ""
    while words:
        word = words.pop(0)
        name, equal, value = word.lstrip("-").partition("=")
        if name == "version":
            print("Version: 1.2.0 (a stand-in)")
            sys.exit(0)
        if not word.startswith("-") or name != "config":
            die(f"flag provided but not defined: -{name}\n{USAGE}", 2)
        path = value if equal else words.pop(0) if words else ""
    if not path:
        die(f"A config file must be provided\n{USAGE}")
    return path


def open_output(config: dict[str, Any]) -> int:
    """The file of its one enabled output."""
    outputs = [name for name, output in config["output"].items() if output["enabled"]]
    if len(outputs) > 1:
        die("Only one output can be enabled at a time")
    if outputs != ["file"]:
        die("No outputs were configured")
    output = config["output"]["file"]
    if output["attempts"] < 1:
        die(f"Output attempts for file must be at least 1, {output['attempts']} provided")
    fd = os.open(output["path"], os.O_APPEND | os.O_CREAT | os.O_WRONLY, output["mode"])
    os.fchmod(fd, output["mode"])
    os.fchown(fd, pwd.getpwnam(output["user"]).pw_uid, 0)
    return fd


def set_rules(rules: list[str]) -> None:
    """All rules away, its own in their place; go-audit has auditctl do both."""
    with AuditClient() as client:
        for payload in client.list_rules():
            client.delete_rule(payload)
        print("Flushed existing audit rules", flush=True)
        if not rules:
            die("No audit rules found")
        for number, rule in enumerate(rules, start=1):
            try:
                parsed = parse_rule(rule.split()).rule
                if parsed is not None:
                    client.add_rule(parsed.to_bytes())
            except AuditbenchError:
                die(f"Failed to add rule #{number}. Error: exit status 1")
            print(f"Added audit rule #{number}", flush=True)


@cache
def user_name(uid: str) -> str:
    try:
        return pwd.getpwuid(int(uid)).pw_name
    except (KeyError, ValueError, OverflowError):
        return "UNKNOWN_USER"


class Marshaller:
    """Groups records by serial and writes a line for each group."""

    def __init__(self, fd: int, config: dict[str, Any]) -> None:
        self._fd = fd
        self._min, self._max = config["events"]["min"], config["events"]["max"]
        self._tracks = config["message_tracking"]["enabled"]
        self._most = config["message_tracking"]["max_out_of_order"]
        self._groups: dict[int, dict[str, Any]] = {}
        self._due: dict[int, float] = {}
        self._missed: set[int] = set()
        self._last = 0

    def consume(self, kind: int, text: bytes) -> None:
        stamp, serial, rest = head_of(text)
        if not serial:
            self._flush()
            return
        if self._tracks:
            self._track(serial)
        if kind < self._min or kind > self._max:
            self._flush()
        elif kind == EOE:
            self._complete(serial)
        else:
            self._add(kind, stamp, serial, rest.decode(errors="replace"))
            self._flush()

    def _add(self, kind: int, stamp: str, serial: int, data: str) -> None:
        group = self._groups.setdefault(
            serial, {"sequence": serial, "timestamp": stamp, "messages": [], "uid_map": {}}
        )
        self._due.setdefault(serial, time.monotonic() + COMPLETE_AFTER_S)
        group["messages"].append({"type": kind, "data": data})
        if kind not in WITHOUT_UIDS:
            group["uid_map"] |= {uid: user_name(uid) for uid in re.findall(r"uid=(\S+)", data)}

    def _flush(self) -> None:
        now = time.monotonic()
        for serial in [serial for serial, due in self._due.items() if due <= now]:
            self._complete(serial)

    def _complete(self, serial: int) -> None:
        self._due.pop(serial, None)
        group = self._groups.pop(serial, None)
        if group is not None:
            line = json.dumps(group, separators=(",", ":"), ensure_ascii=False)
            for character in "<>&":  # as Go's encoder escapes them
                line = line.replace(character, f"\\u{ord(character):04x}")
            os.write(self._fd, line.encode() + b"\n")

    def _track(self, serial: int) -> None:
        if self._last and serial > self._last + 1:
            self._missed |= set(range(self._last + 1, serial))
        self._missed.discard(serial)
        for missed in sorted(m for m in self._missed if serial - m > self._most):
            print(
                f"Likely missed sequence {missed}, current {serial}, worst message delay 0",
                file=sys.stderr,
                flush=True,
            )
            self._missed.remove(missed)
        self._last = max(self._last, serial)


def main() -> None:
    config = load_yaml(Path(config_path(sys.argv[1:])))
    begin("go-audit")
    ending = Ending()
    fd = open_output(config)
    set_rules(config["rules"])
    link = Link()
    low, high = config["events"]["min"], config["events"]["max"]
    print(f"Started processing events in the range [{low}, {high}]", flush=True)
    marshaller = Marshaller(fd, config)
    due = 0.0
    while not ending.asked:
        if time.monotonic() >= due:
            link.register()
            due = time.monotonic() + KEEP_CONNECTION_S
        errors = link.errors
        for kind, text in link.messages():
            marshaller.consume(kind, text)
        for _ in range(link.errors - errors):
            print("Error during message receive: no buffer space available", file=sys.stderr)


if __name__ == "__main__":
    main()
