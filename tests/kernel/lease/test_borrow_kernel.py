"""Borrowing the seat of a real auditd: it stops, the run measures, it is started again as before.

Needs auditd's program; a private configuration keeps the host's own out of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.kernel.client import AuditClient
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon
from harness.kernel.lease.lease import restore, take_lease
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.restore import Report, calm, restore_state
from harness.kernel.lease.snapshot import Snapshot, differences
from harness.model.state import AuditState
from harness.processes.identity import identify, wait_gone
from tests.fakes.processes import Run, kill
from tests.support.patience import PATIENCE_S
from tests.support.programs import find_program, program
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kernel]

AUDITD = find_program("auditd")
CONFIGURATION = """\
local_events = yes
write_logs = yes
log_file = {place}/log/audit.log
log_group = root
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 100
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
plugin_dir = {place}/plugins.d
"""
MARK = "AUDITBENCH_TEST_DAEMON"


def seated(client: AuditClient) -> int:
    """The pid of the live registered daemon; 0 without one."""
    pid = client.status().pid
    return pid if pid and is_live_daemon(pid) else 0


def command_of(pid: int) -> list[bytes]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]


@pytest.fixture
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """auditd's private configuration, as its owner insists on it."""
    place = tmp_path_factory.mktemp("auditd")
    for name in ("log", "plugins.d"):
        (place / name).mkdir(mode=0o750)
    (place / "auditd.conf").write_text(CONFIGURATION.format(place=place))
    (place / "auditd.conf").chmod(0o640)
    return place


@pytest.fixture(params=[["-n"], []], ids=["foreground", "forked"])
def auditd(
    request: pytest.FixtureRequest,
    audit_host: AuditClient,
    configuration: Path,
    host_rules: list[bytes],
) -> Iterator[None]:
    """A running auditd on a host with rules of its own."""
    path = program("auditd")  # skips before anything is changed
    if Path("/run/auditd.pid").exists() or Path("/run/audit/auditd.pid").exists():
        pytest.skip("an auditd has left its pid file here, or runs")
    before = Snapshot.capture(audit_host)
    for payload in host_rules:
        audit_host.add_rule(payload)
    audit_host.set_statuses([("backlog_limit", 777), ("enabled", 1)])
    command = [path, *request.param, "-s", "nochange", "-c", str(configuration)]
    child = subprocess.Popen(
        command,
        cwd=configuration,
        env={"PATH": "/usr/sbin:/usr/bin", MARK: "kept exactly"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        umask=0o027,
        start_new_session=True,
    )
    try:
        wait_until(lambda: seated(audit_host), "auditd is registered")
        yield
    finally:
        stop_auditd(audit_host)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        calm(audit_host)
        restore_state(audit_host, before, Report())


def stop_auditd(client: AuditClient) -> None:
    pid = seated(client)
    process = identify(pid) if pid else None
    if process and AUDITD and command_of(pid)[0] == os.fsencode(AUDITD):
        os.kill(pid, signal.SIGTERM)
        if wait_gone([process], PATIENCE_S):
            os.kill(pid, signal.SIGKILL)
            wait_gone([process], PATIENCE_S)
    clear_stale_daemon(client)


def circumstances(pid: int) -> dict[str, object]:
    """How a process was started, as far as /proc tells."""
    place = Path(f"/proc/{pid}")
    status = dict(
        line.split(":\t", 1) for line in (place / "status").read_text().splitlines() if ":" in line
    )
    return {
        "command": command_of(pid),
        "directory": (place / "cwd").readlink(),
        "environment": (place / "environ").read_bytes(),
        "oom_score_adj": (place / "oom_score_adj").read_text(),
        "session leader": os.getsid(pid) == pid,
        **{name: status[name] for name in ("Uid", "Gid", "Umask", "SigBlk", "SigIgn", "SigCgt")},
    }


def catches_its_signals(pid: int) -> bool:
    """Whether auditd has installed its handlers, which it does after it has registered."""
    caught = int(str(circumstances(pid)["SigCgt"]), 16)
    wanted = (signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
    return all(caught >> (number - 1) & 1 for number in wanted)


@dataclass
class Before:
    """What a test found: the state, the daemon's pid and how it was started."""

    snapshot: Snapshot
    pid: int
    started: dict[str, object]


@pytest.fixture
def before(audit_host: AuditClient, auditd: None) -> Before:
    pid = seated(audit_host)
    wait_until(lambda: catches_its_signals(pid), "auditd catches its signals")
    return Before(Snapshot.capture(audit_host), pid, circumstances(pid))


def came_back(client: AuditClient, before: Before) -> None:
    """auditd sits there again, in another process, started as it was before."""
    pid = seated(client)
    assert pid not in (0, before.pid)
    wait_until(lambda: circumstances(pid) == before.started or None, "it has settled")
    assert f"{MARK}=kept exactly\0".encode() in circumstances(pid)["environment"]  # type: ignore[operator]
    assert differences(Snapshot.capture(client), before.snapshot) == []


def test_without_borrow_it_is_refused_and_untouched(
    audit_host: AuditClient, before: Before, tmp_path: Path
) -> None:
    with (
        pytest.raises(
            HostUnfitError, match=rf"auditd \(pid {before.pid}\) is registered.*--borrow"
        ),
        take_lease(command="test", state_dir=tmp_path / "state"),
    ):
        pass
    assert seated(audit_host) == before.pid


def test_auditd_is_stopped_and_started_again(
    audit_host: AuditClient, before: Before, tmp_path: Path
) -> None:
    with take_lease(command="test", borrow=True, state_dir=tmp_path / "state") as lease:
        assert audit_host.status().pid == 0
        assert not Path(f"/proc/{before.pid}/exe").exists()
        assert lease.check() == ()
        lease.apply(AuditState(enabled=1, failure=0, backlog_limit=100))
        assert audit_host.list_rules() == []
        assert lease.check() == ()
    came_back(audit_host, before)


def test_the_guard_starts_it_again(audit_host: AuditClient, before: Before, tmp_path: Path) -> None:
    run = Run(tmp_path / "state", "--enable", "--borrow")
    wait_until(lambda: audit_host.status().backlog_limit != 777, "the run has begun")
    run.send(signal.SIGKILL)
    run.finish()
    came_back(audit_host, before)


def test_the_next_start_starts_it_again(
    audit_host: AuditClient, before: Before, tmp_path: Path
) -> None:
    run = Run(tmp_path / "state", "--enable", "--borrow")
    wait_until(lambda: audit_host.status().backlog_limit != 777, "the run has begun")
    run.send(signal.SIGSTOP)
    kill(run.guards())
    run.send(signal.SIGKILL)
    run.finish()
    assert seated(audit_host) == 0
    messages = restore(tmp_path / "state")
    assert any("was started again" in message for message in messages)
    came_back(audit_host, before)


@pytest.mark.parametrize("round_number", range(5))
def test_killed_while_auditd_is_just_stopping(
    audit_host: AuditClient, before: Before, tmp_path: Path, round_number: int
) -> None:
    run = Run(tmp_path / "state", "--enable", "--borrow")
    lease = tmp_path / "state" / "lease.json"
    wait_until(lambda: lease.exists() and '"executable"' in lease.read_text(), "it is written down")
    time.sleep(round_number * 0.02)
    run.send(signal.SIGKILL)
    run.finish()
    if seated(audit_host) != before.pid:
        came_back(audit_host, before)
    assert differences(Snapshot.capture(audit_host), before.snapshot) == []
    assert holder_of(tmp_path / "state" / "lock") is None
