"""Borrowing a daemon's seat, with made-up processes and a made-up systemctl.

With a real auditd it is tested in tests/kernel/lease/test_borrow_kernel.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.kernel.client import AuditClient
from harness.kernel.lease import borrow
from harness.kernel.lease.snapshot import BorrowedDaemon
from harness.processes.identity import ProcessId, identify
from tests.fakes.fake_kernel import FakeKernel

NOBODY = ProcessId(2**22 + 1, 1)
UNITS = {
    "0::/system.slice/auditd.service\n": "auditd.service",
    "12:cpu:/\n1:name=systemd:/system.slice/osqueryd.service\n": "osqueryd.service",
    "0::/system.slice/my@audit.service/worker\n": "my@audit.service",
    "0::/user.slice/user-0.slice/session-1.scope\n": None,
    "0::/\n": None,
}


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc of a host under systemd, with the process 812."""
    place = tmp_path / "proc" / "812"
    place.mkdir(parents=True)
    (place / "stat").write_text(f"812 (auditd) S 1 {'0 ' * 15}1 0 4711 0 0\n")
    (place / "cmdline").write_bytes(b"auditd\0-n\0-c\0conf\0")
    (place / "environ").write_bytes(b"A=1\0B=x=y\0PWD=/tmp\0junk\0BYTES=\xff\0")
    (place / "cgroup").write_text("0::/system.slice/auditd.service\n")
    (place / "status").write_text("Name:\tauditd\nUmask:\t0027\nState:\tS\n")
    (place / "oom_score_adj").write_text("-900\n")
    (place / "exe").symlink_to("/usr/sbin/auditd (deleted)")
    (place / "cwd").symlink_to("/")
    monkeypatch.setattr(borrow, "_SYSTEMD_RUNS", tmp_path)
    return tmp_path / "proc"


def test_a_daemon_is_written_down_as_it_was_started(proc: Path) -> None:
    assert borrow.describe_daemon(812, proc) == BorrowedDaemon(
        process=ProcessId(812, 4711),
        executable="/usr/sbin/auditd",
        command=("auditd", "-n", "-c", "conf"),
        directory="/tmp",  # it went to / later; `-c conf` did not
        environment={"A": "1", "B": "x=y", "PWD": "/tmp", "BYTES": os.fsdecode(b"\xff")},
        unit="auditd.service",
        umask=0o027,
        oom_score_adj=-900,
    )


@pytest.mark.parametrize("cgroup", UNITS)
def test_the_unit_is_read_from_the_cgroup(proc: Path, cgroup: str) -> None:
    (proc / "812" / "cgroup").write_text(cgroup)
    assert borrow.describe_daemon(812, proc).unit == UNITS[cgroup]


def test_without_systemd_there_is_no_unit(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(borrow, "_SYSTEMD_RUNS", proc / "missing")
    assert borrow.describe_daemon(812, proc).unit is None


def test_a_daemon_that_is_just_going_is_one_line(proc: Path) -> None:
    with pytest.raises(HostUnfitError, match="stop it by hand"):
        borrow.describe_daemon(813, proc)
    (proc / "812" / "cmdline").write_bytes(b"")
    with pytest.raises(HostUnfitError, match="just ending"):
        borrow.describe_daemon(812, proc)


def daemon(**changes: object) -> BorrowedDaemon:
    known = BorrowedDaemon(
        process=NOBODY,
        executable=sys.executable,
        command=(sys.executable, "-S", "-c", "import time; time.sleep(60)"),
        directory="/",
        environment={"PATH": "/bin"},
        unit=None,
        umask=0o077,
        oom_score_adj=0,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


class Systemctl:
    """Stands for systemctl: notes what it is asked, and does it to the kernel."""

    def __init__(self, kernel: FakeKernel, refuses_stop: str = "no") -> None:
        self.asked: list[tuple[str, ...]] = []
        self._kernel = kernel
        self._refuses_stop = refuses_stop

    def __call__(self, *arguments: str) -> str:
        self.asked.append(arguments)
        if arguments[0] == "show":
            return self._refuses_stop
        self._kernel.daemon = os.getpid() if arguments[0] == "start" else 0
        return ""


def sleeper() -> tuple[subprocess.Popen[bytes], ProcessId]:
    command = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(60)"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    process = identify(child.pid)
    assert process is not None
    return child, process


def test_a_unit_that_may_be_stopped_is_stopped_through_systemd(
    kernel: FakeKernel, client: AuditClient
) -> None:
    kernel.daemon = NOBODY.pid
    systemctl = Systemctl(kernel)
    borrow.stop_daemon(client, daemon(unit="osqueryd.service"), systemctl)
    assert systemctl.asked[-1] == ("stop", "osqueryd.service")


@pytest.mark.parametrize("unit", ["auditd.service", None])
def test_a_unit_that_refuses_it_is_asked_by_signal(
    kernel: FakeKernel, client: AuditClient, unit: str | None
) -> None:
    child, process = sleeper()
    kernel.daemon, kernel.daemon_alive = child.pid, False
    systemctl = Systemctl(kernel, refuses_stop="yes")
    borrow.stop_daemon(client, daemon(process=process, unit=unit), systemctl)
    assert child.wait() == -signal.SIGTERM
    assert all(asked[0] == "show" for asked in systemctl.asked)
    assert kernel.daemon == 0


def test_a_daemon_that_does_not_stop_is_named(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "STOP_TIMEOUT_S", 0.05)
    monkeypatch.setattr(borrow, "send_signal", lambda process, number: None)
    child, process = sleeper()
    kernel.daemon = child.pid
    with pytest.raises(HostUnfitError, match=rf"\(pid {child.pid}\) does not stop"):
        borrow.stop_daemon(client, daemon(process=process))
    child.kill()
    child.wait()


def test_a_supervisor_that_starts_another_is_noticed(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.daemon = os.getpid()
    monkeypatch.setattr("harness.kernel.lease.daemon.is_live_daemon", lambda pid, proc: True)
    with pytest.raises(HostUnfitError, match="took the place"):
        borrow.stop_daemon(client, daemon())


def test_a_unit_is_started_through_systemd(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "is_live_daemon", lambda pid: True)
    systemctl = Systemctl(kernel)
    done = borrow.start_daemon(client, daemon(unit="auditd.service"), systemctl)
    assert systemctl.asked == [("start", "auditd.service")]
    assert done == "the audit daemon auditd.service was started again"


def test_what_runs_already_is_not_started(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "is_live_daemon", lambda pid: True)
    kernel.daemon = os.getpid()
    systemctl = Systemctl(kernel)
    borrow.start_daemon(client, daemon(unit="auditd.service"), systemctl)
    assert systemctl.asked == []


def test_another_program_in_its_place_is_not_taken_for_it(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "is_live_daemon", lambda pid: True)
    monkeypatch.setattr(borrow, "START_TIMEOUT_S", 0.05)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        kernel.daemon = stranger.pid
        asked: list[tuple[str, ...]] = []
        with pytest.raises(HostUnfitError, match="did not come up again"):
            borrow.start_daemon(
                client, daemon(unit="auditd.service"), lambda *words: str(asked.append(words))
            )
        stranger.kill()
    assert asked == [("start", "auditd.service")]


def test_one_that_ends_late_is_started_again(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "_SETTLE_S", 0.05)
    monkeypatch.setattr(borrow, "is_live_daemon", lambda pid: True)
    child, process = sleeper()
    kernel.daemon = child.pid

    def start(*_: str) -> str:
        """As systemd does it: only when the old one has ended."""
        child.kill()
        child.wait()
        kernel.daemon = os.getpid()
        return ""

    done = borrow.start_daemon(client, daemon(process=process, unit="auditd.service"), start)
    assert done.endswith("was started again")


def test_a_daemon_that_was_never_asked_to_stop_is_left_alone(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "_SETTLE_S", 0.05)
    me = identify(os.getpid())
    assert me is not None
    kernel.daemon = os.getpid()
    done = borrow.start_daemon(client, daemon(process=me))
    assert done.endswith("had not stopped")


def test_one_that_does_not_come_up_is_told_with_its_command(
    kernel: FakeKernel, client: AuditClient
) -> None:
    with pytest.raises(HostUnfitError, match="start it by hand: false --flag"):
        borrow.start_daemon(client, daemon(executable="/bin/false", command=("false", "--flag")))


def test_a_unit_that_does_not_come_up_is_told_with_its_command(
    kernel: FakeKernel, client: AuditClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borrow, "START_TIMEOUT_S", 0.05)
    with pytest.raises(HostUnfitError, match=r"by hand: systemctl start auditd\.service"):
        borrow.start_daemon(client, daemon(unit="auditd.service"), lambda *_: "")


def test_a_program_that_is_gone_is_one_line(kernel: FakeKernel, client: AuditClient) -> None:
    with pytest.raises(HostUnfitError, match="cannot be started"):
        borrow.start_daemon(client, daemon(executable="/no/such/daemon", command=("daemon",)))


def test_the_path_as_typed_is_kept_where_it_leads_to_the_same_program(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    typed = daemon(command=("./python", "-V"), directory=str(tmp_path))
    assert borrow._restart_command(typed) == [str(tmp_path / "python"), "-V"]
    bare = daemon(command=("python", "-V"), directory=str(tmp_path))
    assert borrow._restart_command(bare) == [sys.executable, "-V"]
    moved = daemon(command=("/bin/true", "-V"))
    assert borrow._restart_command(moved) == [sys.executable, "-V"]


def test_ctrl_c_in_the_terminal_does_not_reach_systemctl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\ncut -d' ' -f5 /proc/$$/stat\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert int(borrow.run_systemctl("start", "auditd")) != os.getpgrp()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo yes", None),
        ("echo 'Failed: refused' >&2; exit 4", "Failed: refused"),
        ("exit 3", "exit code 3"),
    ],
)
def test_systemctl_is_run_and_its_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str | None
) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    if words is None:
        assert borrow.run_systemctl("show", "x") == "yes"
    else:
        with pytest.raises(HostUnfitError, match=rf"`systemctl stop x` failed \({words}\)"):
            borrow.run_systemctl("stop", "x")


def test_no_systemctl_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(HostUnfitError, match="failed"):
        borrow.run_systemctl("stop", "x")
