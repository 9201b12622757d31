"""A consumer that no adapter knows: it registers or listens, and writes what it receives.

Its forms: `raw` lines, a JSON object per `record` or per `event`, `types` of an event only. With
`--evil` it does to its output what no honest program does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import IO, Any

from consumer.text.names import type_name
from harness.kernel.client import AuditClient
from tests.fakes.stand_in import Ending, Link, head_of

EOE = 1320
LONG = 20 << 20
MOST_BEHIND_S = 0.1
"""A sleep ends late; what it took too long is made up for."""


def spoil(path: str, evil: str) -> None:
    """Put something else in the place of the output."""
    if evil == "fifo":
        os.mkfifo(path)
    elif evil == "link":
        Path(path).symlink_to("/etc/shadow")
    elif evil == "folder":
        Path(path).mkdir()


class Writer:
    """Writes records to a file in one of the forms."""

    def __init__(self, out: IO[str], form: str) -> None:
        self._out, self._form = out, form
        self._event: dict[str, Any] = {}

    def take(self, kind: int, text: bytes) -> None:
        stamp, serial, rest = head_of(text)
        if not serial:
            return
        data = rest.decode(errors="replace")
        if self._form == "raw":
            if kind != EOE:
                self._write(f"type={type_name(kind)} msg=audit({stamp}:{serial}): {data}")
        elif self._form == "record":
            if kind != EOE:
                record = {"seq": serial, "ts": float(stamp), "audit": {"type": kind, "text": data}}
                self._write(json.dumps(record))
        else:
            self._group(kind, stamp, serial, data)

    def _group(self, kind: int, stamp: str, serial: int, data: str) -> None:
        if self._event.get("id") not in (None, f"{stamp}:{serial}"):
            self.flush()
        event = self._event
        event.setdefault("id", f"{stamp}:{serial}")
        if kind == EOE:
            return
        if self._form == "event":
            event.setdefault("records", []).append({"name": type_name(kind), "text": data})
            return
        event.setdefault("types", []).append(type_name(kind))
        fields = dict(word.partition("=")[::2] for word in data.split())
        if kind == 1300:
            names = ("arch", "syscall", "success", "exit", "a1", "a2", "items", "ses", "pid")
            event |= {name: fields[name] for name in names}
        elif found := re.search(r"\bop=(\S+)", data):
            event["what"] = found[1]

    def flush(self) -> None:
        """Write the event so far."""
        if self._event:
            self._write(json.dumps(self._event))
            self._event = {}

    def _write(self, line: str) -> None:
        self._out.write(line + "\n")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--form", default="raw")
    parser.add_argument("--output", default="-")
    parser.add_argument("--listen", action="store_true")
    parser.add_argument("--meddle", action="store_true")
    parser.add_argument("--needs", help="a file that must be there")
    parser.add_argument("--config", help="a file with further options")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("--evil", default="")
    parser.add_argument("--busy-us", type=float, default=0.0)
    parser.add_argument("--per-second", type=float, default=0.0, help="take no more events")
    asked = parser.parse_args()
    if asked.config:
        words = Path(asked.config).read_text(encoding="utf-8").split()
        asked = parser.parse_args(words)
    if asked.output.endswith(".json"):
        asked.form = "record"
    return asked


def be_busy(us: float) -> None:
    until = time.thread_time() + us / 1e6
    while time.thread_time() < until:
        pass


class Pace:
    """Lets so many events pass in a second, and makes up for no time in which none came."""

    def __init__(self, per_second: float) -> None:
        self._gap_s, self._next_s = 1 / per_second, 0.0

    def wait(self) -> None:
        now_s = time.monotonic()
        self._next_s = max(self._next_s, now_s - MOST_BEHIND_S) + self._gap_s
        if self._next_s > now_s:
            time.sleep(self._next_s - now_s)


def main() -> None:
    asked = options()
    pace = Pace(asked.per_second) if asked.per_second else None
    if asked.needs:
        with open(asked.needs, encoding="utf-8"):  # noqa: PTH123
            pass
    if asked.evil == "dies":
        sys.exit("a last word\n" * 100_000 + "the very last word")
    if asked.evil == "leaves":
        return
    ending = Ending()
    spoil(asked.output, asked.evil)
    if asked.evil in ("", "garbage", "long"):
        out = sys.stdout if asked.output == "-" else open(asked.output, "a", encoding="utf-8")  # noqa: PTH123
    else:
        out = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if asked.evil == "long":
        out.write("x" * LONG + "\n")
    link = Link(listens=asked.listen)
    if asked.meddle:
        # Before it registers: what it does later is another's deed in the middle of a trial.
        with AuditClient() as client:
            for payload in client.list_rules():
                client.delete_rule(payload)
            client.set_status("backlog_limit", 77)
    if not asked.listen:
        link.register()
    writer = Writer(out, asked.form)
    while not ending.asked:
        for kind, text in link.messages():
            if asked.evil == "garbage":
                out.write('{"seq": [1], "no": "event"}\n')
            else:
                writer.take(kind, text)
            if asked.busy_us and kind == EOE:
                be_busy(asked.busy_us)
            if pace is not None and kind == EOE:
                pace.wait()
        writer.flush()
        out.flush()
    out.flush()


if __name__ == "__main__":
    main()
