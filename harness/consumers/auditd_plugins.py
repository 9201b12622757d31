"""auditd with a plugin of its own package: syslog, or a socket whose client may be slow.

auditd writes its log as well, so that it shows where a record was lost: in both, before auditd or
in it; in the output of the client alone, on the way through auditd's queue and the plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.consumers.auditd import (
    REMEDY,
    AuditdRunning,
    OverflowAction,
    find_auditd,
    log_of,
    start_auditd,
)
from harness.consumers.base import ConsumerReport, ConsumerSetup, Found
from harness.consumers.foreign.audit_log import log_records
from harness.consumers.foreign.buffered import BufferedRunning
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.program import find_program
from harness.consumers.foreign.reader import HANGUP
from harness.consumers.foreign.reassemble import USER_MESSAGES, Record
from harness.processes.line_process import module_command

READY_TIMEOUT_S = 10.0
SLOW_PER_S = 2000.0
"""What the slow client reads in a second: 500 connects of four records."""
READER = "harness.consumers.foreign.reader"

_SYSLOG = """\
active = yes
direction = out
type = always
format = string
path = /bin/sh
args = {script}
"""
_SYSLOG_SCRIPT = """\
#!/bin/sh
# syslog(3) knows only /dev/log. The plugin gets one of its own in a mount namespace of its own: the
# system log is not filled, and nothing is left when it has ended.
exec unshare --mount --propagation unchanged sh -c \\
    'mount --make-rprivate /dev && mount --bind "$1" /dev && shift && exec "$@"' \\
    sh '{dev}' '{program}' LOG_INFO
"""
_AF_UNIX_BUILTIN = """\
active = yes
direction = out
type = builtin
format = string
path = builtin_af_unix
args = 0600 {socket}
"""
_AF_UNIX_PROGRAM = """\
active = yes
direction = out
type = always
format = string
path = {program}
args = 0600 {socket}
"""


class _Running(BufferedRunning):
    """auditd with its plugin, and the reader, whose CPU and memory count as nobody's."""

    patience_s = 10.0

    def __init__(
        self, process: ExternalProcess, reader: ExternalProcess, setup: ConsumerSetup, read: Path
    ) -> None:
        super().__init__(process, setup, read, log_of(process))
        self._reader, self._read = reader, read
        self._auditd = AuditdRunning(process, setup, log_of(process))

    def event_files(self) -> list[Path]:
        return [self._read]

    def look(self) -> None:
        super().look()
        self._reader.refuse_dead()

    def document(self) -> dict[str, Any]:
        """That of what the client read; beside it, that of auditd's log."""
        self._reader.stop()
        document = self.judged(self._client_records)
        log = self.judged(lambda: log_records(log_of(self.process)))
        beside = {"name": "auditd", "document": log}
        hangups = self._reader.output().count(HANGUP)
        return document | {"own_count": {"hangups": hangups}, "beside": beside}

    def _client_records(self) -> Iterator[Record]:
        """What the client read, and the sync markers that auditd logged but did not pass on.

        They are no events of the load; without one of its own a trial could not be judged.
        """
        marker = self.setup.marker.encode()
        passed_on = set()
        for record in log_records(self._read):
            if _is_marker(record, marker):
                passed_on.add(record)
            yield record
        logged = log_records(log_of(self.process))
        yield from (each for each in logged if _is_marker(each, marker) and each not in passed_on)

    def stop(self) -> ConsumerReport:
        self._auditd.trees = self.trees
        return super().stop()

    def end(self) -> None:
        self._reader.end()
        self._auditd.end()


def _is_marker(record: Record, marker: bytes) -> bool:
    return record[0] in USER_MESSAGES and marker in record[1]


class AuditdPlugin:
    """auditd and one plugin: `syslog`, or `af-unix` with a client of a set slowness."""

    sees_events = True
    registers = True
    changes = ""
    by_tree = False

    def __init__(
        self,
        name: str,
        summary: str,
        *,
        syslog: bool = False,
        per_second: float = 0.0,
        overflow_action: OverflowAction = "IGNORE",
    ) -> None:
        """`per_second` is the most records that the client reads in a second; 0: all it can."""
        self.name, self.summary = name, summary
        self._syslog, self._per_second = syslog, per_second
        self._overflow_action: OverflowAction = overflow_action

    def find(self, binary: Path | None) -> Found:
        """Find auditd; its plugins are those beside it."""
        found = find_auditd(binary)
        if self._syslog:
            _syslog_program(found.path)
        return found

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start auditd, its plugin and the reader, and wait until all of them are there."""
        assert setup.folder is not None
        folder = setup.folder.resolve()
        program, read = find_auditd(setup.binary).path, folder / "read.log"
        (folder / "plugins.d").mkdir(mode=0o750, exist_ok=True)
        reader = None
        if self._syslog:
            reader = self._read(_configure_syslog(folder, program), read, setup)
        process = None
        try:
            socket = folder / "af_unix"
            if reader is None:
                _configure_af_unix(folder, program, socket)
            process = start_auditd(setup, program, "RAW", self._overflow_action)
            if reader is None:
                process.wait_until(socket.is_socket, READY_TIMEOUT_S, "make its socket")
                reader = self._read(socket, read, setup)
            _await_plugin(process, program, syslog=self._syslog)
            return _Running(process, reader, setup, read)
        except BaseException:
            if reader is not None:
                reader.end()
            if process is not None:
                AuditdRunning(process, setup).end()
            raise

    def _read(self, socket: Path, output: Path, setup: ConsumerSetup) -> ExternalProcess:
        assert setup.folder is not None
        words = [str(socket), str(output)]
        if self._syslog:
            words.append("--datagrams")
        if self._per_second:
            words += ["--per-second", str(self._per_second)]
        reader = ExternalProcess("reader", module_command(READER, *words), setup.folder)
        try:
            reader.wait_until(
                lambda: "ready" in reader.output(), READY_TIMEOUT_S, "open its socket"
            )
        except BaseException:
            reader.end()
            raise
        return reader


def _syslog_program(auditd: Path) -> Path:
    return find_program("audisp-syslog", auditd.with_name("audisp-syslog"), remedy=REMEDY)


def _configure_syslog(folder: Path, auditd: Path) -> Path:
    """Make syslog a plugin of the auditd of this folder; return the socket that it writes to."""
    dev, script = folder / "dev", folder / "syslog.sh"
    dev.mkdir(mode=0o750)
    text = _SYSLOG_SCRIPT.format(dev=dev, program=_syslog_program(auditd))
    script.write_text(text, encoding="utf-8")
    _write_plugin(folder, _SYSLOG.format(script=script))
    return dev / "log"


def _configure_af_unix(folder: Path, auditd: Path, socket: Path) -> None:
    """Make the socket a plugin: part of auditd 3, a program of auditd 4."""
    program = auditd.with_name("audisp-af_unix")
    text = _AF_UNIX_PROGRAM if program.is_file() else _AF_UNIX_BUILTIN
    _write_plugin(folder, text.format(program=program, socket=socket))


def _write_plugin(folder: Path, text: str) -> None:
    path = folder / "plugins.d" / "plugin.conf"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o640)


def _await_plugin(process: ExternalProcess, auditd: Path, *, syslog: bool) -> None:
    """Wait until the plugin, if it is a program, runs as a child of auditd."""
    name = "audisp-syslog" if syslog else "audisp-af_unix"
    if syslog or auditd.with_name(name).is_file():
        process.wait_until(
            lambda: name in process.family().values(), READY_TIMEOUT_S, f"start {name}"
        )


AUDITD_PLUGINS = (
    AuditdPlugin("auditd-syslog", "auditd with raw log, and its syslog plugin", syslog=True),
    AuditdPlugin(
        "auditd-af-unix",
        "auditd with raw log, and its af_unix plugin with a client that keeps up",
    ),
    AuditdPlugin(
        "auditd-af-unix-slow",
        f"auditd-af-unix with a client that reads {SLOW_PER_S:,.0f} records per second",
        per_second=SLOW_PER_S,
    ),
    AuditdPlugin(
        "auditd-af-unix-suspend",
        "auditd-af-unix-slow with overflow_action=SUSPEND",
        per_second=SLOW_PER_S,
        overflow_action="SUSPEND",
    ),
)
