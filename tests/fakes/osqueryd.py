"""A stand-in for osqueryd: its flags, what it sets in the kernel, its rows in a log of results.

By github.com/osquery/osquery: auditdnetlink.cpp, auditeventpublisher.cpp, and its documentation of
flags, schedules and logs.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness.errors import KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.rules.text import parse_rule
from tests.fakes.stand_in import PACE, Ending, Link, begin, head_of

SYSCALL, SOCKADDR, EXECVE, EOE = 1300, 1306, 1309, 1320
BIND, CONNECT, EXECVE_CALL, EXECVEAT_CALL = "49", "42", "59", "322"
INTERNET = {"02": "2", "0A": "10"}
FIELD = re.compile(r'(\w+)=("[^"]*"|\S*)')
DEFAULTS = {
    "flagfile": "",
    "config_plugin": "filesystem",
    "config_path": "/etc/osquery/osquery.conf",
    "logger_plugin": "filesystem",
    "logger_path": "/var/log/osquery/",
    "database_path": "/var/osquery/osquery.db",
    "pidfile": "/var/osquery/osqueryd.pidfile",
    "ephemeral": "false",
    "disable_watchdog": "false",
    "disable_extensions": "false",
    "disable_events": "true",
    "disable_audit": "true",
    "audit_allow_config": "false",
    "audit_persist": "true",
    "audit_allow_process_events": "true",
    "audit_allow_sockets": "false",
    "audit_backlog_limit": "4096",
    "audit_backlog_wait_time": "0",
    "schedule_splay_percent": "10",
}
Fields = dict[str, str]


def flags_of(words: list[str]) -> dict[str, str]:
    """What gflags makes of the arguments, the flagfile included."""
    flags = dict(DEFAULTS)
    for word in words:
        if word == "--version":
            print("osqueryd version 5.0.0-stand-in")
            sys.exit(0)
        name, equal, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in flags:
            sys.exit(f"ERROR: unknown command line flag '{name}'")
        flags[name] = value if equal else "true"
        if name == "flagfile":
            flags |= flags_of(Path(value).read_text(encoding="utf-8").split())
            flags["flagfile"] = value
    return flags


class Kernel:
    """What it does to the kernel's audit, where its flags allow that."""

    def __init__(self, flags: dict[str, str]) -> None:
        self._flags = flags
        self._allowed = flags["audit_allow_config"] == "true"
        parsed = parse_rule(["-a", "always,exit", "-S", "execve,execveat,bind,connect"]).rule
        assert parsed is not None
        self._rule = parsed.to_bytes()

    def configure(self) -> None:
        if self._allowed:
            with AuditClient() as client:
                client.set_status("enabled", 1)
                wait, limit = (
                    int(self._flags[f"audit_backlog_{name}"]) for name in ("wait_time", "limit")
                )
                client.set_status("backlog_wait_time", wait)
                client.set_status("backlog_limit", limit)
                client.set_status("failure", 0)
                client.add_rule(self._rule)

    def restore(self) -> None:
        """Its rule away, and what it calls the default configuration."""
        if self._allowed:
            with AuditClient() as client:
                with suppress(KernelAnswerError):
                    client.delete_rule(self._rule)
                client.set_status("backlog_limit", 0)
                client.set_status("backlog_wait_time", 60000)
                client.set_status("failure", 1)
                client.set_status("enabled", 0)


class Publisher:
    """Assembles records to events, and makes rows of those that its tables are about.

    The real one leaves out what its own executable does; here that is Python, as the load is.
    """

    def __init__(self, flags: dict[str, str]) -> None:
        self._flags = flags
        self._events: dict[int, dict[int, Fields]] = {}
        self.rows: dict[str, list[Fields]] = {"process_events": [], "socket_events": []}
        self._identities = itertools.count(1)

    def take(self, kind: int, text: bytes) -> None:
        _, serial, rest = head_of(text)
        if kind == SYSCALL:
            self._events[serial] = {kind: dict(FIELD.findall(rest.decode(errors="replace")))}
        elif kind == EOE:
            if event := self._events.pop(serial, None):
                self._publish(event)
        elif serial in self._events:
            self._events[serial][kind] = dict(FIELD.findall(rest.decode(errors="replace")))

    def _publish(self, event: dict[int, Fields]) -> None:
        call = event[SYSCALL]
        if call["success"] != "yes":
            return
        row = {name: call[name] for name in ("pid", "auid")}
        row |= {"time": str(int(time.time())), "eid": f"{next(self._identities):010}"}
        row["path"] = call["exe"].strip('"')
        if call["syscall"] in (EXECVE_CALL, EXECVEAT_CALL) and EXECVE in event:
            row |= {"uid": call["uid"], "parent": call["ppid"], "cmdline": call["comm"]}
            self.rows["process_events"].append(row)
        elif call["syscall"] in (BIND, CONNECT) and SOCKADDR in event:
            saddr = event[SOCKADDR]["saddr"]
            if saddr[:2] in INTERNET and self._flags["audit_allow_sockets"] == "true":
                action = "connect" if call["syscall"] == CONNECT else "bind"
                port = str(int(saddr[4:8], 16))
                row |= {"action": action, "status": "succeeded", "family": INTERNET[saddr[:2]]}
                self.rows["socket_events"].append(row | {"remote_port": port})


def result_lines(name: str, rows: list[Fields]) -> Iterator[str]:
    """The lines that the filesystem logger writes for a query's new rows."""
    common: dict[str, Any] = {
        "name": name,
        "hostIdentifier": "stand-in",
        "calendarTime": time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime()),
        "unixTime": int(time.time()),
        "epoch": 0,
        "counter": 0,
        "numerics": False,
    }
    for row in rows:
        line = {**common, "columns": row, "action": "added"}
        yield json.dumps(line, separators=(",", ":"))


def main() -> None:
    flags = flags_of(sys.argv[1:])
    begin("osqueryd")
    schedule = json.loads(Path(flags["config_path"]).read_text(encoding="utf-8"))["schedule"]
    database = Path(flags["database_path"])
    database.mkdir()
    ending, kernel, publisher = Ending(), Kernel(flags), Publisher(flags)
    link = Link()
    link.register()
    kernel.configure()
    results = Path(flags["logger_path"]) / "osqueryd.results.log"
    due = {name: time.monotonic() + query["interval"] * PACE for name, query in schedule.items()}
    while not ending.asked:
        for kind, text in link.messages():
            publisher.take(kind, text)
        for name, query in schedule.items():
            if time.monotonic() < due[name]:
                continue
            due[name] = time.monotonic() + query["interval"] * PACE
            rows, publisher.rows[name] = publisher.rows[name], []
            if rows:
                with results.open("a", encoding="utf-8") as file:
                    file.writelines(f"{line}\n" for line in result_lines(name, rows))
    kernel.restore()
    sys.exit(128 + 15)


if __name__ == "__main__":
    main()
