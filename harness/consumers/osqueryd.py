"""osqueryd: rows of process_events and socket_events, queried every second, to a log of results.

Rows have no serials, and the time of their creation, so what it received is its own count of rows,
and their age is unknown. It leaves out calls that failed (except connects in progress), sockets
that are not Internet sockets, and calls of its own program.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.consumers.base import ConsumerReport, ConsumerSetup, Found
from harness.consumers.foreign.download import find_download
from harness.consumers.foreign.external import POLL_S, ExternalProcess
from harness.consumers.foreign.json_lines import read_lines
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.ready import READY_TIMEOUT_S, await_registered
from harness.consumers.foreign.running import ForeignRunning
from harness.host.process_cpu import read_process_cpu
from harness.kernel.client import AuditClient

SOURCE = "get it from https://osquery.io/downloads"
NO_STAMP = re.compile(rb"(?!)")
QUERIES = {
    "process_events": "SELECT eid, * FROM process_events;",
    "socket_events": "SELECT eid, * FROM socket_events;",
}
"""By the table that they query, which is also their name in the log."""
INTERVAL_S = 1
QUIET_S = 2.5 * INTERVAL_S
"""After this long without new rows, every query has run again."""
PATIENCE_S = 15.0
THROTTLED = "has throttled reading records from Netlink"


class Columns(msgspec.Struct):
    """The columns that distinguish rows; old versions may log a row twice."""

    eid: str | int = ""


class Line(msgspec.Struct):
    """One line of the log of results: a row that the query of this name added."""

    name: str
    action: str
    columns: Columns


def flag_lines(folder: Path, *, allow_config: bool, persist: bool) -> list[str]:
    """The flagfile, line by line. Everything it reads or writes is in the folder."""
    flags = {
        "config_plugin": "filesystem",
        "config_path": folder / "osquery.conf",
        "logger_plugin": "filesystem",
        "logger_path": folder / "log",
        "database_path": folder / "osquery.db",
        "pidfile": folder / "osqueryd.pidfile",
        "ephemeral": True,
        "disable_watchdog": True,
        "disable_extensions": True,
        "disable_events": False,
        "disable_audit": False,
        "audit_allow_config": allow_config,
        "audit_persist": persist,
        "audit_allow_process_events": True,
        "audit_allow_sockets": True,
        "schedule_splay_percent": 0,
    }
    return [f"--{name}={_word(value)}" for name, value in flags.items()]


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def config_text() -> str:
    """The configuration: its schedule of queries."""
    schedule = {
        table: {"query": query, "interval": INTERVAL_S, "removed": False}
        for table, query in QUERIES.items()
    }
    return json.dumps({"schedule": schedule}, indent=2) + "\n"


def own_count(lines: Iterable[Line], words: str) -> dict[str, int]:
    """Rows by table, and their sum as `events`; how often it logged that it could not keep up."""
    rows: dict[str, set[str | int]] = {table: set() for table in QUERIES}
    for line in lines:
        if line.action == "added" and line.name in rows:
            rows[line.name].add(line.columns.eid)
    counts = {table: len(identities) for table, identities in rows.items()}
    throttled = sum(THROTTLED in line for line in words.splitlines())
    return {"events": sum(counts.values()), **counts, "throttle_warnings": throttled}


class Busy:
    """Whether a process was at work: a busy machine makes one that has rows to write look idle."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._time_ns = read_process_cpu(pid), time.monotonic_ns()

    def since_last(self) -> bool:
        """Whether it ran, or waited for a CPU, for most of the time since this was last asked."""
        before, then_ns = self._cpu, self._time_ns
        self._cpu, self._time_ns = read_process_cpu(self._pid), time.monotonic_ns()
        if self._cpu is None or before is None:
            return False
        delta = self._cpu.delta(before)
        used_ns = (delta["run_ns"] or 0) + (delta["wait_ns"] or 0)
        return used_ns > (self._time_ns - then_ns) / 2


class _Running(ForeignRunning):
    stop_timeout_s = 30.0
    """A running osqueryd; it gives its threads seconds to end, more in newer versions."""

    def __init__(self, process: ExternalProcess, setup: ConsumerSetup, results: Path) -> None:
        super().__init__(process, setup, OutputAge(results, NO_STAMP))
        self._results = results

    def stop(self) -> ConsumerReport:
        """Stop it after the schedule has fetched the last rows: others would not be logged."""
        deadline = time.monotonic() + PATIENCE_S
        size, since, busy = self._size(), time.monotonic(), Busy(self.process.pid)
        while (now := time.monotonic()) < deadline and now - since < QUIET_S:
            time.sleep(POLL_S)
            self.process.refuse_dead()
            if busy.since_last() or self._size() != size:
                size, since = self._size(), now
        return super().stop()

    def _size(self) -> int:
        return self.outputs[0].size()

    def document(self) -> dict[str, Any]:
        written = [self._results] if self._results.exists() else []
        return {"own_count": own_count(read_lines(written, Line), self.process.output())}


class Osqueryd:
    """osqueryd with its audit tables, in one way of handling the kernel's configuration."""

    sees_events = True
    registers = True
    by_tree = False

    def __init__(
        self, name: str, summary: str, *, allow_config: bool, persist: bool, changes: str
    ) -> None:
        self.name, self.summary, self.changes = name, summary, changes
        self._allow_config, self._persist = allow_config, persist

    def find(self, binary: Path | None) -> Found:
        """Find its program."""
        return find_download(self.name, "osqueryd", binary, source=SOURCE, version_word="--version")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it, and wait until the kernel has accepted it."""
        assert setup.folder is not None
        flagfile = setup.folder / "osquery.flags"
        lines = flag_lines(setup.folder, allow_config=self._allow_config, persist=self._persist)
        flagfile.write_text("\n".join(lines) + "\n", encoding="utf-8")
        (setup.folder / "osquery.conf").write_text(config_text(), encoding="utf-8")
        (setup.folder / "log").mkdir()
        command = [str(self.find(setup.binary).path), f"--flagfile={flagfile}"]
        with AuditClient() as client:
            rules = client.list_rules()
        process = ExternalProcess("osqueryd", command, setup.folder, cpus=setup.cpus)
        try:
            await_registered(process)
            if self._allow_config:
                _await_rule(process, rules)
            return _Running(process, setup, setup.folder / "log" / "osqueryd.results.log")
        except BaseException:
            process.end()
            raise


def _await_rule(process: ExternalProcess, rules: Sequence[bytes]) -> None:
    """Wait for its rule, which it sets last: its limits, set before, would overrule the trial's."""
    with AuditClient() as client:
        process.wait_until(
            lambda: client.list_rules() != rules, READY_TIMEOUT_S, "add its own rule"
        )


OSQUERYDS = (
    Osqueryd(
        "osqueryd",
        "osqueryd with audit_allow_config=false: it uses the rules that are there",
        allow_config=False,
        persist=False,
        changes="",
    ),
    Osqueryd(
        "osqueryd-persist",
        "osqueryd with audit_persist=true: it takes the daemon's seat back if it loses it",
        allow_config=False,
        persist=True,
        changes="",
    ),
    Osqueryd(
        "osqueryd-config",
        "osqueryd with audit_allow_config=true: it sets rules and limits by itself",
        allow_config=True,
        persist=False,
        changes="adds a rule for all users, sets backlog limit 4096, wait 0, failure 0, enabled 1;"
        " leaves no backlog limit, wait 60000, failure 1, enabled 0",
    ),
)
