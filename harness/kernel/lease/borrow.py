"""Borrowing the audit daemon's seat: the daemon is asked to stop and later started as before.

The kernel's settings and rules are not touched here. A daemon under systemd is started through
its unit; it is stopped through it too, unless the unit refuses that (auditd's does), and is
then asked by SIGTERM, as auditd's own `service auditd stop` does.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError
from harness.kernel.client import AuditClient
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon
from harness.kernel.lease.snapshot import BorrowedDaemon
from harness.processes.identity import PROC, identify, is_alive, send_signal, wait_gone

STOP_TIMEOUT_S: Final = 20.0
START_TIMEOUT_S: Final = 20.0
_SETTLE_S: Final = 2.0  # for a daemon to end after a run asked it to stop and died
_RETURN_S: Final = 0.3  # for a supervisor to start the daemon again
_POLL_S: Final = 0.02
_SYSTEMD_RUNS: Final = Path("/run/systemd/system")
_UNIT: Final = re.compile(r"/([^/\n]+\.service)(?:/[^\n]*)?$", re.MULTILINE)

_started: Final[list[subprocess.Popen[bytes]]] = []
"""Daemons that were started without systemd, kept so that they are reaped if they end."""

Systemctl = Callable[..., str]


def run_systemctl(*arguments: str) -> str:
    """Run systemctl and return what it prints; HostUnfitError with its last line if it fails."""
    command = ["systemctl", *arguments]
    try:
        # In a session of its own: Ctrl-C in the terminal does not end what gives the host back.
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostUnfitError(f"`{' '.join(command)}` failed ({error})") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise HostUnfitError(f"`{' '.join(command)}` failed ({last})")
    return done.stdout.strip()


def describe_daemon(pid: int, proc: Path = PROC) -> BorrowedDaemon:
    """Everything needed to start the running daemon `pid` again as it was started."""
    place = proc / str(pid)
    process = identify(pid, proc)
    try:
        command = _strings(place / "cmdline")
        executable = str((place / "exe").readlink())
        environment = dict(
            entry.split("=", 1) for entry in _strings(place / "environ") if "=" in entry
        )
        directory = _start_directory(str((place / "cwd").readlink()), environment)
        unit = _UNIT.search((place / "cgroup").read_text()) if _SYSTEMD_RUNS.is_dir() else None
        umask = re.search(r"^Umask:\s*(\d+)$", (place / "status").read_text(), re.MULTILINE)
        oom_score_adj = int((place / "oom_score_adj").read_text())
    except OSError as error:
        raise HostUnfitError(
            f"the registered audit daemon (pid {pid}) cannot be looked at ({error.strerror})",
            remedy="stop it by hand",
        ) from None
    if process is None or not command:
        raise HostUnfitError(
            f"the registered audit daemon (pid {pid}) is just ending", remedy="try again"
        )
    return BorrowedDaemon(
        process=process,
        executable=executable.removesuffix(" (deleted)"),
        command=tuple(command),
        directory=directory,
        environment=environment,
        unit=unit[1] if unit else None,
        umask=int(umask[1], 8) if umask else 0o022,
        oom_score_adj=oom_score_adj,
    )


def _start_directory(now: str, environment: Mapping[str, str]) -> str:
    """The folder a daemon was started in: it moved to / since, its relative arguments did not."""
    then = environment.get("PWD", "")
    return then if now == "/" and then.startswith("/") and Path(then).is_dir() else now


def _strings(path: Path) -> list[str]:
    return [os.fsdecode(part) for part in path.read_bytes().split(b"\0") if part]


def stop_daemon(
    client: AuditClient, daemon: BorrowedDaemon, systemctl: Systemctl = run_systemctl
) -> None:
    """Ask the daemon to stop and wait until it has ended and its seat is free.

    Raises HostUnfitError if it does not end, or if something starts it again.
    """
    if daemon.unit and systemctl("show", "--property=RefuseManualStop", "--value", daemon.unit) in (
        "no",
        "",
    ):
        systemctl("stop", daemon.unit)
    else:
        send_signal(daemon.process, signal.SIGTERM)
    if wait_gone([daemon.process], STOP_TIMEOUT_S):
        raise HostUnfitError(
            f"the audit daemon {daemon.describe()} (pid {daemon.process.pid}) does not stop",
            remedy="stop it by hand",
        )
    clear_stale_daemon(client)
    time.sleep(_RETURN_S)
    status = client.status()
    if status.pid:
        raise HostUnfitError(
            f"another audit daemon (pid {status.pid}) took the place of {daemon.describe()}",
            remedy="stop what starts it again",
        )


def start_daemon(
    client: AuditClient, daemon: BorrowedDaemon, systemctl: Systemctl = run_systemctl
) -> str:
    """Start the borrowed daemon unless it runs, and wait for its registration; return a summary.

    Raises HostUnfitError, with the command that starts it by hand, if it does not come up.
    """
    if _never_stopped(client, daemon):
        # One that takes its time to end is started by systemd when it has ended.
        if daemon.unit:
            systemctl("start", daemon.unit)
        if _is_seated(client, daemon):
            return f"the audit daemon {daemon.describe()} had not stopped"
    wait_gone([daemon.process], STOP_TIMEOUT_S)
    if not _registered(client, daemon):
        child = _start(daemon, systemctl)
        _wait_registered(client, daemon, child)
    return f"the audit daemon {daemon.describe()} was started again"


def _never_stopped(client: AuditClient, daemon: BorrowedDaemon) -> bool:
    deadline = time.monotonic() + _SETTLE_S
    while _is_seated(client, daemon):
        if time.monotonic() >= deadline:
            return True
        time.sleep(_POLL_S)
    return False


def _is_seated(client: AuditClient, daemon: BorrowedDaemon) -> bool:
    return is_alive(daemon.process) and client.status().pid == daemon.process.pid


def _registered(client: AuditClient, daemon: BorrowedDaemon) -> bool:
    """Whether the daemon's program is registered, and no other that took its place."""
    pid = client.status().pid
    its_own = (daemon.executable, os.path.realpath(daemon.executable))
    return bool(pid) and is_live_daemon(pid) and _executable_of(pid) in its_own


def _executable_of(pid: int) -> str:
    """The program that a process runs; empty if it has ended."""
    try:
        return str((PROC / str(pid) / "exe").readlink()).removesuffix(" (deleted)")
    except OSError:
        return ""


def _start(daemon: BorrowedDaemon, systemctl: Systemctl) -> subprocess.Popen[bytes] | None:
    if daemon.unit:
        systemctl("start", daemon.unit)
        return None
    try:
        with _OomScore(daemon.oom_score_adj):
            child = subprocess.Popen(
                _restart_command(daemon),
                cwd=daemon.directory if Path(daemon.directory).is_dir() else "/",
                env=dict(daemon.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                umask=daemon.umask,
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise HostUnfitError(
            f"the audit daemon {daemon.describe()} cannot be started ({why})",
            remedy="start it by hand",
        ) from None
    _started.append(child)
    return child


def _restart_command(daemon: BorrowedDaemon) -> list[str]:
    """The command line, beginning with a path: as typed if that leads to the same program."""
    typed = Path(daemon.directory, daemon.command[0])
    if "/" in daemon.command[0] and typed.exists() and typed.samefile(daemon.executable):
        return [str(typed), *daemon.command[1:]]
    return [daemon.executable, *daemon.command[1:]]


class _OomScore:
    """Sets the OOM score of this process for a child to inherit."""

    _PATH: Final = PROC / "self" / "oom_score_adj"

    def __init__(self, score: int) -> None:
        self._score = score

    def __enter__(self) -> None:
        self._own = self._PATH.read_text()
        self._write(str(self._score))

    def __exit__(self, *_: object) -> None:
        self._write(self._own)

    def _write(self, score: str) -> None:
        with contextlib.suppress(OSError):  # only root may lower it
            self._PATH.write_text(score)


def _wait_registered(
    client: AuditClient, daemon: BorrowedDaemon, child: subprocess.Popen[bytes] | None
) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _registered(client, daemon):
        failed = child is not None and child.poll() not in (None, 0)
        if failed or time.monotonic() >= deadline:
            by_hand = f"systemctl start {daemon.unit}" if daemon.unit else daemon.describe()
            raise HostUnfitError(
                f"the audit daemon {daemon.describe()} did not come up again",
                remedy=f"start it by hand: {by_hand}",
            )
        time.sleep(_POLL_S)
