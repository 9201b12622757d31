"""The lease on the running kernel: whoever dies, and whenever, the state comes back.

A lease holder applies changing states in a loop, with rules of every kind loaded beforehand and
every setting off its default; processes are killed at random moments, from before the lease is
taken to within the giving back. The moments come from a seed, which a failure names.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import restore, take_lease
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.restore import Report, calm, restore_state
from harness.kernel.lease.snapshot import Snapshot, differences
from harness.model.state import AuditState
from harness.processes.identity import identify, wait_gone
from tests.fakes.processes import Run, kill
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.kernel]

ROOT = Path(__file__).resolve().parents[3]
ROUNDS = 20
LATEST_S = 0.45  # from the start of the holder, which has its lease after about 0.2 s
SETTINGS = {
    "failure": 0,
    "rate_limit": 4321,
    "backlog_limit": 321,
    "backlog_wait_time": 123,
}


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture(params=[0, 1], ids=["disabled", "enabled"])
def loaded(
    request: pytest.FixtureRequest, audit_host: AuditClient, host_rules: list[bytes]
) -> Iterator[Snapshot]:
    """The host with rules, every setting off its default, and audit off or on."""
    before = Snapshot.capture(audit_host)
    for payload in host_rules:
        audit_host.add_rule(payload)
    audit_host.set_statuses([*SETTINGS.items(), ("enabled", request.param)])
    yield Snapshot.capture(audit_host)
    calm(audit_host)
    report = Report()
    restore_state(audit_host, before, report)
    assert report.problems == []


def moments(seed: str, latest_s: float = LATEST_S) -> Iterator[tuple[str, float, random.Random]]:
    """Random moments in seconds, each with a name for messages."""
    chance = random.Random(seed)
    for number in range(ROUNDS):
        moment_s = chance.uniform(0, latest_s)
        yield f"round {number} of {seed!r}, at {moment_s:.4f} s", moment_s, chance


def compare(client: AuditClient, before: Snapshot, state_dir: Path, where: str) -> None:
    """The kernel is as before, and nothing is left on disk that is still to be done."""
    now = Snapshot.capture(client)
    assert differences(now, before) == [], where
    assert now == before, where
    assert client.status().pid == 0, where
    if (state_dir / "lease.json").exists():
        # Killed after the snapshot was written and before the guard was started: no change
        # had been made, and the next start finds that out.
        assert not (state_dir / "guard.log").exists(), where
        [message] = restore(state_dir)
        assert message.endswith("as it was"), where
    (state_dir / "guard.log").unlink(missing_ok=True)
    assert not (state_dir / "lease.json").exists(), where
    assert list(state_dir.glob("lease-failed-*")) == [], where
    assert Snapshot.capture(client) == before, where


FLAGS = ("--enable", "--child")
found_enabled = pytest.mark.parametrize("loaded", [1], ids=["enabled"], indirect=True)
found_disabled = pytest.mark.parametrize("loaded", [0], ids=["disabled"], indirect=True)


@found_enabled
def test_kill_9_of_the_harness(audit_host: AuditClient, loaded: Snapshot, state_dir: Path) -> None:
    for where, moment_s, _ in moments("harness"):
        run = Run(state_dir, *FLAGS)
        run.wait_until(moment_s)
        run.send(signal.SIGKILL)
        run.finish()
        compare(audit_host, loaded, state_dir, where)


@found_disabled
def test_kill_9_of_the_guard(audit_host: AuditClient, loaded: Snapshot, state_dir: Path) -> None:
    for where, moment_s, chance in moments("guard"):
        run = Run(state_dir, "--enable", "--child", "--check")
        run.wait_until(moment_s)
        kill(run.guards())
        run.wait_until(moment_s + chance.uniform(0, 0.2))  # a new one may be on its way
        run.send(chance.choice([signal.SIGINT, signal.SIGKILL]))
        run.finish()
        restore(state_dir)
        compare(audit_host, loaded, state_dir, where)


@found_enabled
def test_kill_9_of_both(audit_host: AuditClient, loaded: Snapshot, state_dir: Path) -> None:
    for where, moment_s, _ in moments("both"):
        run = Run(state_dir, *FLAGS)
        run.wait_until(moment_s)
        run.send(signal.SIGSTOP)
        kill(run.guards())
        run.send(signal.SIGKILL)
        run.finish()
        restore(state_dir)  # what the next start does first
        compare(audit_host, loaded, state_dir, where)


@found_disabled
def test_kill_9_of_the_harness_then_of_the_guard_at_work(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path
) -> None:
    for where, moment_s, chance in moments("at work"):
        run = Run(state_dir, *FLAGS)
        run.wait_until(0.15 + moment_s)
        guards = run.guards()
        run.send(signal.SIGKILL)
        time.sleep(chance.uniform(0, 0.08))
        kill(guards)
        run.finish()
        restore(state_dir)
        compare(audit_host, loaded, state_dir, where)


@found_enabled
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_end_a_session(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path, number: signal.Signals
) -> None:
    for where, moment_s, chance in list(moments(number.name))[:7]:
        run = Run(state_dir, *FLAGS)
        run.wait_until(moment_s)
        for pid in [run.process.pid, *run.guards()]:  # as a terminal that closes does
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        time.sleep(chance.uniform(0, 0.05))
        run.send(number)  # pressed twice
        run.finish()
        compare(audit_host, loaded, state_dir, where)


def test_a_run_gives_back_what_it_borrowed(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path, host_rules: list[bytes]
) -> None:
    wanted = AuditState(
        enabled=1, failure=1, backlog_limit=9999, backlog_wait_time=0, rules=(host_rules[6],)
    )
    with take_lease(command="test", state_dir=state_dir) as lease:
        assert lease.snapshot == loaded
        lease.apply(wanted)
        status = audit_host.status()
        assert (status.enabled, status.failure, status.backlog_limit) == (1, 1, 9999)
        assert (status.backlog_wait_time, status.rate_limit) == (0, SETTINGS["rate_limit"])
        assert audit_host.list_rules() == [host_rules[6]]
        assert lease.check() == ()
    compare(audit_host, loaded, state_dir, "at the end")


def test_a_rule_that_the_kernel_rewrites_is_recognised(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path, host_rules: list[bytes]
) -> None:
    everything = host_rules[2][:12] + b"\xff" * 256 + host_rules[2][268:]
    with take_lease(command="test", state_dir=state_dir) as lease:
        lease.apply(AuditState(enabled=0, rules=(host_rules[6], everything)))
        assert audit_host.list_rules()[1] != everything
        assert lease.check() == ()
        lease.apply(AuditState(enabled=0, rules=(everything, host_rules[6])))
        assert lease.check() == ()
    compare(audit_host, loaded, state_dir, "at the end")


def test_a_rule_whose_path_has_gone_is_named_and_the_rest_comes_back(
    audit_host: AuditClient, host_rules: list[bytes], state_dir: Path, tmp_path: Path
) -> None:
    before = Snapshot.capture(audit_host)
    for payload in host_rules:
        audit_host.add_rule(payload)

    def run() -> None:
        with take_lease(command="test", state_dir=state_dir) as lease:
            lease.apply(AuditState(enabled=0))
            (tmp_path / "dir").rmdir()

    with pytest.raises(Exception, match=r"dir=.*/dir"):
        run()
    expected = [payload for payload in host_rules if b"/dir" not in payload]
    assert [rule for rule in audit_host.list_rules() if rule not in before.rules] == expected
    [_] = state_dir.glob("lease-failed-*.json")
    restore_state(audit_host, before, Report())


def test_a_dead_consumer_is_cleared(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path
) -> None:
    code = (
        "import time\nfrom harness.kernel.client import AuditClient\n"
        "client = AuditClient()\nclient.register()\nprint(flush=True)\ntime.sleep(60)"
    )
    with take_lease(command="test", state_dir=state_dir) as lease:
        lease.apply(AuditState(enabled=1))
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as consumer:
            lease.register_child(consumer.pid)
            assert consumer.stdout is not None
            consumer.stdout.readline()
            assert audit_host.status().pid == consumer.pid
            assert lease.check() == ()  # ours, not a stranger
            consumer.kill()
        lease.forget_child(consumer.pid)
        lease.clear_stale_daemon()
        assert audit_host.status().pid == 0
    compare(audit_host, loaded, state_dir, "at the end")


def test_a_stranger_who_registers_is_found_and_left_alone(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path
) -> None:
    code = (
        "import sys\nfrom harness.kernel.client import AuditClient\n"
        "client = AuditClient()\nclient.register()\nprint(flush=True)\nsys.stdin.read()\n"
        "client.unregister()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", "import os, sys; sys.stdin.readline(); " + code.replace("\n", ";")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as stranger:
        with take_lease(command="test", state_dir=state_dir) as lease:
            assert stranger.stdin is not None
            assert stranger.stdout is not None
            stranger.stdin.write(b"\n")
            stranger.stdin.flush()
            stranger.stdout.readline()
            assert [finding.kind for finding in lease.check()] == ["daemon"]
        assert stranger.poll() is None
        stranger.stdin.close()
        stranger.wait(PATIENCE_S)
    compare(audit_host, loaded, state_dir, "at the end")


@found_enabled
def test_a_stalled_consumer_does_not_stall_the_giving_back(
    audit_host: AuditClient, loaded: Snapshot, state_dir: Path
) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.stalled_run", str(state_dir)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert run.stdout is not None
    word, *pids = run.stdout.readline().split()
    assert word == b"stalled"
    children = [process for process in map(identify, map(int, pids)) if process]
    assert len(children) == 2
    run.kill()
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 50  # the producer would have slept for a minute
    while holder_of(state_dir / "lock") is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert wait_gone(children, 0) == []
    compare(audit_host, loaded, state_dir, "afterwards")
