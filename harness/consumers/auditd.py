"""auditd in a folder of its own: its log raw or enriched, and only the plugins configured there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.consumers.base import ConsumerSetup, Found
from harness.consumers.foreign.audit_log import log_records
from harness.consumers.foreign.external import POLL_S, ExternalProcess
from harness.consumers.foreign.kept import find_kept
from harness.consumers.foreign.program import answer_of, find_program
from harness.consumers.foreign.reassemble import Record
from harness.consumers.foreign.running import ForeignRunning
from harness.host.process_cpu import read_process_cpu
from harness.host.tree import HostTree
from harness.kernel.client import AuditClient
from harness.processes.line_process import ChildFailedError

READY_TIMEOUT_S = 10.0
SWALLOWS_S = 0.1
"""This long after its registration, auditd 3 reads one message and discards it, whatever it is: it
waits for a refusal (`audit_set_pid()` in lib/libaudit.c). The first record would be lost."""
LogFormat = Literal["RAW", "ENRICHED"]
OverflowAction = Literal["IGNORE", "SUSPEND"]
Q_DEPTH = 2000

REMEDY = "install it (`apt-get install auditd`), or name its program with --consumer-path"
CONF = """\
local_events = yes
write_logs = yes
log_file = {folder}/log/audit.log
log_group = root
log_format = {log_format}
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 4000
max_log_file_action = IGNORE
num_logs = 0
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
priority_boost = 0
name_format = NONE
q_depth = {q_depth}
overflow_action = {overflow_action}
plugin_dir = {folder}/plugins.d
"""
"""Debian's settings, except that the log is not rotated, the harness watches the disks, and the
priority is no higher than that of the other consumers."""

_REASONS = {
    1: "it could not be set up; the system log has its reason",
    4: "it lacks privileges",
    6: "it refused its configuration; the system log has its reason",
}
_RUN_FOLDERS = (Path("/run"), Path("/run/audit"))
"""The folder of `auditd.pid` and, if it is continued after a stop, `auditd.state`: no option
changes it."""


class AuditdRunning(ForeignRunning):
    """A registered auditd. `records` reads the first of its outputs."""

    def __init__(
        self,
        process: ExternalProcess,
        setup: ConsumerSetup,
        *outputs: Path,
        records: Callable[[Path], Iterable[Record]] = log_records,
    ) -> None:
        super().__init__(process, setup, *outputs)
        self._records = records
        self._strange = {path for path in _state_files() if path.exists()}

    def document(self) -> dict[str, Any]:
        """The document of its first output."""
        return self.judged(lambda: self._records(self.outputs[0].path))

    def end(self) -> None:
        """End it, and remove the files that it leaves behind if it is killed."""
        super().end()
        _remove_pid_file(self.process.pid)
        for path in {path for path in _state_files() if path.exists()} - self._strange:
            path.unlink(missing_ok=True)


class AuditdConsumer:
    """auditd, as the kernel's registered daemon, writing its log."""

    sees_events = True
    registers = True
    changes = ""
    by_tree = False

    def __init__(
        self, name: str, summary: str, *, log_format: LogFormat = "RAW", kept: str = ""
    ) -> None:
        """`kept` is the folder of a release that `make consumers` got; empty: that of the host."""
        self.name, self.summary = name, summary
        self.log_format: LogFormat = log_format
        self._kept = kept

    def find(self, binary: Path | None) -> Found:
        """Find its program; its version is that of the auditctl beside it."""
        if self._kept:
            return with_version(find_kept(self.name, self._kept, "auditd", binary))
        return find_auditd(binary)

    def start(self, setup: ConsumerSetup) -> AuditdRunning:
        """Start it and wait until the kernel has registered it."""
        process = start_auditd(setup, self.find(setup.binary).path, self.log_format)
        return AuditdRunning(process, setup, log_of(process))


AUDITD = AuditdConsumer("auditd", "auditd with raw log")
AUDITD_ENRICHED = AuditdConsumer(
    "auditd-enriched", "auditd that adds names to its log", log_format="ENRICHED"
)


def find_auditd(binary: Path | None = None) -> Found:
    """auditd on this host, with its version."""
    return with_version(find_program("auditd", binary, remedy=REMEDY))


def with_version(path: Path) -> Found:
    """This auditd. It does not print its version; auditctl of the same package does."""
    code, words = answer_of([path.with_name("auditctl"), "-v"])
    version = words.removeprefix("auditctl version").strip() if code == 0 else ""
    return Found(path, version or "not told")


def log_of(process: ExternalProcess) -> Path:
    """The file of auditd's log."""
    return process.folder / "log" / "audit.log"


def start_auditd(
    setup: ConsumerSetup,
    program: Path,
    log_format: LogFormat,
    overflow_action: OverflowAction = "IGNORE",
) -> ExternalProcess:
    """Start auditd with the plugins in its folder, and wait until the kernel has registered it.

    Raises ChildFailedError or TimeoutError if that fails; it does not run then.
    """
    _refuse_another()
    assert setup.folder is not None
    folder = setup.folder.resolve()
    _configure(folder, log_format, overflow_action)
    command: Sequence[str] = (str(program), "-n", "-s", "nochange", "-c", str(folder))
    process = ExternalProcess("auditd", command, folder, cpus=setup.cpus)
    try:
        with AuditClient() as client:
            process.wait_until(
                lambda: client.status().pid == process.pid,
                READY_TIMEOUT_S,
                "register with the kernel",
            )
            _let_it_swallow(process)
    except BaseException as error:
        process.end()
        _remove_pid_file(process.pid)
        if isinstance(error, ChildFailedError) and process.code in _REASONS:
            raise ChildFailedError(f"{error.what}: {_REASONS[process.code]}") from None
        raise
    return process


def _let_it_swallow(process: ExternalProcess) -> None:
    """Wait until it has woken from that wait; a version without one sleeps on and is left alone."""
    asleep = _times_asleep(process.pid)
    deadline = time.monotonic() + 5 * SWALLOWS_S
    time.sleep(SWALLOWS_S)
    while _times_asleep(process.pid) == asleep and time.monotonic() < deadline:
        process.refuse_dead()
        time.sleep(POLL_S)


def _times_asleep(pid: int) -> int:
    cpu = read_process_cpu(pid)
    return 0 if cpu is None else cpu.voluntary_switches


def _configure(folder: Path, log_format: LogFormat, overflow_action: OverflowAction) -> None:
    """Write the configuration; auditd refuses folders and files that others may write to."""
    for name in ("log", "plugins.d"):
        (folder / name).mkdir(mode=0o750, exist_ok=True)
    conf = folder / "auditd.conf"
    text = CONF.format(
        folder=folder, log_format=log_format, q_depth=Q_DEPTH, overflow_action=overflow_action
    )
    conf.write_text(text, encoding="utf-8")
    conf.chmod(0o640)


def _refuse_another() -> None:
    """Refuse to run beside another auditd, whose PID file ours would overwrite and remove."""
    tree = HostTree()
    for pid in tree.pids():
        if tree.text(f"/proc/{pid}/comm") == "auditd" and tree.link(f"/proc/{pid}/exe"):
            raise ChildFailedError(
                f"another auditd is running (pid {pid}), and both would write the same PID file",
                remedy="stop it, or use --borrow",
            )


def _state_files() -> list[Path]:
    return [folder / "auditd.state" for folder in _RUN_FOLDERS]


def _remove_pid_file(pid: int) -> None:
    """Remove the PID file that a killed auditd leaves behind; another auditd's is left alone."""
    for folder in _RUN_FOLDERS:
        path = folder / "auditd.pid"
        with contextlib.suppress(OSError, ValueError):
            if int(path.read_text(encoding="ascii")) == pid:
                path.unlink()
