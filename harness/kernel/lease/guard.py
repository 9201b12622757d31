"""The guard: a process that restores the host's audit state if the harness dies.

Started before the first change as `python -P -m harness.kernel.lease.guard STATE_DIR CONTROL READY
AUDIT HARNESS LOCK`, the last five being inherited descriptors: a pipe whose end means that the
harness is dead, a pipe for the ready byte, the control socket to the kernel, a pidfd of the
harness (-1 where the kernel has none), and the lock of the run, which stays locked until the
guard has ended. Everything it needs is loaded before it reports that it is ready. It does nothing
while the harness lives, and nothing at all if the harness reports that all is restored.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys
import syslog
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from harness.errors import EXIT_HOST_UNFIT, EXIT_USAGE, AuditbenchError
from harness.kernel.client import AuditClient
from harness.kernel.lease.children import read_children
from harness.kernel.lease.file import load_record
from harness.kernel.lease.restore import Report, conclude, give_back
from harness.kernel.lease.snapshot import LeaseRecord
from harness.kernel.lease.state_dir import StateDir
from harness.processes.identity import PROC

READY: Final = b"R"
DISMISS: Final = b"q"

_ATTEMPTS: Final = 5
_PAUSE_S: Final = 1.0
_MCL_CURRENT: Final = 1
# Signals that others may send: when a session ends, a terminal closes, or an operator uses pkill.
RESISTED: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGPIPE,
    signal.SIGALRM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGXCPU,
    signal.SIGXFSZ,
    signal.SIGPWR,
)


def main(arguments: list[str]) -> int:
    """Watch until the harness dies or dismisses the guard; nobody waits for the exit code."""
    try:
        folder, *numbers = arguments
        control, ready, audit, harness, _lock = map(int, numbers)
    except ValueError:
        sys.stderr.write("the guard is started by auditbench itself: see `auditbench run --help`\n")
        return EXIT_USAGE
    state = StateDir(Path(folder))
    _resist()
    try:
        record = load_record(state.lease)
        client = AuditClient(lambda: socket.socket(fileno=audit))
        if record is None:
            raise AuditbenchError(f"{state.lease} is missing")  # noqa: TRY301
    except (AuditbenchError, OSError) as error:
        os.write(ready, f"E{error}".encode())
        return EXIT_HOST_UNFIT
    _pin_memory()
    with contextlib.suppress(BrokenPipeError):  # the harness is dead already
        os.write(ready, READY)
    os.close(ready)
    if _harness_died(control, harness):
        _act(state, record, client)
    return 0


def _resist() -> None:
    """Survive the signals that end a session, and the OOM killer.

    Handlers, not SIG_IGN: a daemon started from here must not inherit ignored signals. The parent
    starts the guard with them blocked, so that none arrives before its handler is set.
    """
    for number in RESISTED:
        signal.signal(number, _do_nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, RESISTED)
    with contextlib.suppress(OSError):
        (PROC / "self" / "oom_score_adj").write_text("-1000")


def _do_nothing(_number: int, _frame: object) -> None:
    pass


def _pin_memory() -> None:
    """Lock the program in memory, so that it needs neither swap nor the disk it came from."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mlockall(_MCL_CURRENT)


def _harness_died(control: int, harness: int) -> bool:
    """Wait for the end of the harness; False if it dismissed the guard before."""
    poller = select.poll()
    poller.register(control, select.POLLIN)
    if harness >= 0:
        # Also where a forked child of the harness holds the pipe open.
        poller.register(harness, select.POLLIN)
    poller.poll()
    readable = select.poll()
    readable.register(control, select.POLLIN)
    return not (readable.poll(0) and os.read(control, 1) == DISMISS)


def _act(state: StateDir, record: LeaseRecord, client: AuditClient) -> None:
    """Restore everything; if the kernel does not answer, try again for a while."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            record = _newest(state, record)
            report = give_back(client, record, read_children(state.children))
            conclude(state, record, report)
            _tell(state, record, report)
        except Exception as error:  # no caller is left to handle it
            _tell(state, record, Report(problems=[f"attempt {attempt}: {error}"]))
            time.sleep(_PAUSE_S)
        else:
            return


def _newest(state: StateDir, known: LeaseRecord) -> LeaseRecord:
    """The record on disk, which includes a daemon borrowed since; else the known one."""
    try:
        return load_record(state.lease) or known
    except AuditbenchError:
        return known


def _tell(state: StateDir, record: LeaseRecord, report: Report) -> None:
    """Leave a report for the next start and in the system's log."""
    words = [
        f"the run `{record.command}` (pid {record.holder.pid}) died",
        *report.done,
        *report.problems,
        "not all of the host's audit state could be given back"
        if report.problems
        else "the host's audit state was given back",
    ]
    # A line break in a command must not look like a line of this report.
    lines = [" ".join(text.split()) for text in words]
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    with contextlib.suppress(OSError), state.log.open("a") as file:
        file.writelines(f"{now} {line}\n" for line in lines)
    syslog.openlog("auditbench", syslog.LOG_PID, syslog.LOG_DAEMON)
    for line in lines:
        syslog.syslog(syslog.LOG_WARNING if report.problems else syslog.LOG_NOTICE, line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
