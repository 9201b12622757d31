"""Harness, guard and lease as processes, against a fake kernel: who dies when, and what follows.

The same with the real kernel, at random moments, is in tests/kernel/lease/test_lease_kernel.py.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.kernel.lease.guard_process import GuardProcess
from harness.kernel.lease.lease import restore, take_lease
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.restore import TOKEN_VARIABLE
from harness.model.state import AuditState
from harness.processes.identity import identify, is_alive
from tests.fakes.fake_kernel import GET, FakeKernel, rule
from tests.support.guards import guard_pid
from tests.support.patience import PATIENCE_S
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
HOLDER = [sys.executable, "-m", "tests.fakes.lease_holder"]
GONE = rule(11, strings=b"/gone")


class Holder:
    """A running lease holder: its process, its guard, its children."""

    def __init__(self, state_dir: Path, kernel: FakeKernel, *flags: str) -> None:
        self.process = subprocess.Popen(
            [*HOLDER, str(state_dir), "--kernel", str(kernel.path), *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.repaired: list[str] = []
        self.pids: list[int] = []

    def await_lease(self) -> Holder:
        """Wait until it has the lease and has changed something."""
        line = self.read_line()
        while line.startswith("repaired"):
            self.repaired.append(line)
            line = self.read_line()
        assert line.startswith("leased"), line + self.errors()
        self.pids = [int(word) for word in line.split()[1:]]
        assert self.read_line() == "step"
        return self

    @property
    def guard(self) -> int:
        return self.pids[0]

    def read_line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def end(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def kill(pid: int) -> None:
    process = identify(pid)
    assert process is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(process), f"process {pid} is gone")


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[FakeKernel]:
    with FakeKernel(tmp_path / "audit") as fake:
        fake.rules = [rule(1), rule(2), rule(3, filter_list=1), rule(1)]  # one of them twice
        fake.settings.update(backlog_limit=320, rate_limit=9)
        yield fake


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def start(state_dir: Path, kernel: FakeKernel) -> Iterator[Callable[..., Holder]]:
    holders: list[Holder] = []

    def starter(*flags: str) -> Holder:
        holders.append(Holder(state_dir, kernel, *flags))
        return holders[-1]

    yield starter
    for holder in holders:
        holder.close()


def given_back(kernel: FakeKernel, state_dir: Path, before: object) -> None:
    wait_until(lambda: holder_of(state_dir / "lock") is None, "the lock is free")
    assert kernel.state() == before
    assert {path.name for path in state_dir.iterdir()} <= {"lock", "guard.log"}


def test_leaving_gives_back_and_leaves_nothing(kernel: FakeKernel, state_dir: Path) -> None:
    before = kernel.state()
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        guard = identify(guard_pid(lease))
        assert guard is not None
        assert TOKEN_VARIABLE in os.environ
        lease.apply(AuditState(enabled=1, failure=0, rules=(rule(8), rule(1))))
        assert kernel.settings["enabled"] == 1
        assert lease.check() == ()
    given_back(kernel, state_dir, before)
    assert not is_alive(guard)
    assert TOKEN_VARIABLE not in os.environ
    assert not (state_dir / "guard.log").exists()


def test_the_snapshot_and_the_guard_stand_before_the_first_change(
    kernel: FakeKernel, state_dir: Path
) -> None:
    kernel.daemon, kernel.daemon_alive = 2**22 + 1, False  # its clearing is the first change
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        assert kernel.log == ["pid=self", "pid=0"]
        document = json.loads((state_dir / "lease.json").read_text())
        assert document["snapshot"]["rules"] == [payload.hex() for payload in kernel._listed()]
        assert document["holder"]["pid"] == os.getpid()
        assert (state_dir / "lease.json").stat().st_mode & 0o077 == 0
        assert identify(guard_pid(lease)) is not None
        assert os.getsid(guard_pid(lease)) == guard_pid(lease)  # a session of its own


def test_an_error_in_the_block_gives_back_too(kernel: FakeKernel, state_dir: Path) -> None:
    before = kernel.state()
    with (
        contextlib.suppress(ZeroDivisionError),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease,
    ):
        lease.apply(AuditState(enabled=1))
        raise ZeroDivisionError
    given_back(kernel, state_dir, before)


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT]
)
def test_the_guard_gives_back_when_the_harness_dies(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder], number: signal.Signals
) -> None:
    before = kernel.state()
    holder = start("--enable", "--child").await_lease()
    child = identify(holder.pids[1])
    assert child is not None
    assert holder.end(number) == -number
    given_back(kernel, state_dir, before)
    assert not is_alive(child)
    assert "the host's audit state was given back" in (state_dir / "guard.log").read_text()


def test_ctrl_c_gives_back(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable", "--child").await_lease()
    assert holder.end(signal.SIGINT) == 5
    given_back(kernel, state_dir, before)
    assert not (state_dir / "guard.log").exists()


def test_the_guard_resists_what_ends_sessions(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable").await_lease()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
        os.kill(holder.guard, number)
    holder.end()
    given_back(kernel, state_dir, before)


def test_a_forked_child_of_the_harness_does_not_keep_the_guard_waiting(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--fork").await_lease()
    orphan = identify(holder.pids[1])
    assert orphan is not None
    holder.end()
    given_back(kernel, state_dir, before)
    assert is_alive(orphan)  # a process that was not registered is left alone


def test_when_both_die_the_next_start_repairs(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable", "--child").await_lease()
    child = identify(holder.pids[1])
    assert child is not None
    holder.process.send_signal(signal.SIGSTOP)
    kill(holder.guard)
    holder.end()
    assert (state_dir / "lease.json").exists()
    second = start("--once")
    assert second.process.wait(PATIENCE_S) == 0, second.errors()
    assert "lease holder` (pid" in second.read_line()
    given_back(kernel, state_dir, before)
    assert not is_alive(child)


def test_when_both_die_restore_by_hand_repairs(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable").await_lease()
    holder.process.send_signal(signal.SIGSTOP)
    kill(holder.guard)
    holder.end()
    messages = restore(state_dir, kernel.connect)
    assert "was given back" in messages[0]
    given_back(kernel, state_dir, before)
    assert restore(state_dir, kernel.connect) == []


def test_without_a_lease_a_dead_registration_is_cleared_by_hand(
    kernel: FakeKernel, state_dir: Path
) -> None:
    kernel.daemon, kernel.daemon_alive = 2**22 + 1, False
    assert restore(state_dir, kernel.connect) == [
        "the registration of an audit daemon that is dead was cleared"
    ]
    assert kernel.daemon == 0
    assert restore(state_dir, kernel.connect) == []


def test_what_a_guard_did_is_told_once(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    start().await_lease().end()
    given_back(kernel, state_dir, before)
    messages = restore(state_dir, kernel.connect)
    assert any("died" in message for message in messages)
    assert any("was given back" in message for message in messages)
    assert restore(state_dir, kernel.connect) == []


def test_a_snapshot_that_is_not_given_back_is_never_overwritten(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    holder = start("--enable").await_lease()
    holder.process.send_signal(signal.SIGSTOP)
    kill(holder.guard)
    holder.end()
    content = (state_dir / "lease.json").read_bytes()
    kernel.refuse[GET, None] = 1
    with pytest.raises(HostUnfitError):
        restore(state_dir, kernel.connect)
    assert (state_dir / "lease.json").read_bytes() == content
    kernel.refuse.clear()
    (state_dir / "lease.json").write_text("{")
    with (
        pytest.raises(HostUnfitError, match="cannot be read"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert (state_dir / "lease.json").read_text() == "{"


def test_a_snapshot_of_another_boot_is_discarded(kernel: FakeKernel, state_dir: Path) -> None:
    with take_lease(command="old", state_dir=state_dir, socket_factory=kernel.connect):
        document = json.loads((state_dir / "lease.json").read_text())
    document["boot_id"] = "another"
    document["snapshot"]["settings"]["backlog_limit"] = 1
    (state_dir / "lease.json").write_text(json.dumps(document))
    before = kernel.state()
    messages = restore(state_dir, kernel.connect)
    assert messages == ["a lease of an earlier boot (`old`) was discarded"]
    given_back(kernel, state_dir, before)


def test_what_is_as_it_was_is_not_touched(kernel: FakeKernel, state_dir: Path) -> None:
    with take_lease(command="old", state_dir=state_dir, socket_factory=kernel.connect):
        content = (state_dir / "lease.json").read_bytes()
    (state_dir / "lease.json").write_bytes(content)
    before = kernel.state()
    kernel.log.clear()
    [message] = restore(state_dir, kernel.connect)
    assert message.endswith("had left the host's audit state as it was")
    assert kernel.log == []
    given_back(kernel, state_dir, before)


def test_a_daemon_that_comes_while_the_lease_is_taken_is_refused_too(
    kernel: FakeKernel, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kernel.state()
    monkeypatch.setattr("harness.kernel.lease.lease.is_live_daemon", lambda pid: True)

    def come(*_: object) -> GuardProcess:
        kernel.daemon = os.getpid()
        return GuardProcess(*_)  # type: ignore[arg-type]

    monkeypatch.setattr("harness.kernel.lease.lease.GuardProcess", come)
    with (
        pytest.raises(HostUnfitError, match="is registered"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    given_back(kernel, state_dir, before)


def test_a_second_run_is_refused_by_the_name_of_the_first(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    first = start().await_lease()
    second = start("--once")
    assert second.process.wait(PATIENCE_S) == 4
    words = second.errors()
    assert f"(pid {first.process.pid}, `lease holder`" in words
    assert words.count("\n") == 1
    with pytest.raises(HostUnfitError, match="another auditbench run"):
        restore(state_dir, kernel.connect)


def test_a_second_run_waits_when_asked(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    first = start().await_lease()
    second = start("--once", "--wait")
    with pytest.raises(subprocess.TimeoutExpired):
        second.process.wait(0.5)
    first.end()
    assert second.process.wait(PATIENCE_S) == 0, second.errors()
    given_back(kernel, state_dir, before)


def test_a_guard_that_died_is_noticed_and_replaced(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable", "--check").await_lease()
    kill(holder.guard)
    line = holder.read_line()
    while not line.startswith("finding guard"):
        assert line in ("step", "finding state"), line
        line = holder.read_line()
    holder.pids.append(int(line.split()[-1]))
    assert holder.pids[-1] != holder.guard
    holder.end()
    given_back(kernel, state_dir, before)


def test_a_guard_that_died_unnoticed_does_no_harm(kernel: FakeKernel, state_dir: Path) -> None:
    before = kernel.state()
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        lease.apply(AuditState(enabled=1))
        kill(guard_pid(lease))
    given_back(kernel, state_dir, before)


def test_a_stopped_guard_does_not_keep_the_run(kernel: FakeKernel, state_dir: Path) -> None:
    before = kernel.state()
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        os.kill(guard_pid(lease), signal.SIGSTOP)
        lease.apply(AuditState(enabled=1))
    given_back(kernel, state_dir, before)


def test_somebody_else_who_changes_audit_is_found(kernel: FakeKernel, state_dir: Path) -> None:
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        lease.apply(AuditState(enabled=1, backlog_limit=100, rules=(rule(5),)))
        kernel.settings["backlog_limit"] = 64
        kernel.rules.append(rule(6))
        found = lease.check()
        assert [finding.kind for finding in found] == ["state", "state"]
        assert found[0].what == "backlog_limit is 64 instead of 100"
        assert "is not from before" not in found[0].what
        lease.apply(AuditState(enabled=1, backlog_limit=100, rules=(rule(5),)))
        assert lease.check() == ()


def test_what_cannot_be_given_back_is_named_and_kept(kernel: FakeKernel, state_dir: Path) -> None:
    kernel.rules = [rule(1), GONE, rule(2)]

    def run() -> None:
        with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
            lease.apply(AuditState(enabled=1))
            kernel.refused_rules[GONE] = 2

    with pytest.raises(HostUnfitError, match=r"'/gone'.*lease-failed-"):
        run()
    assert kernel.rules == [rule(1), rule(2)]
    [kept] = state_dir.glob("lease-failed-*.json")
    assert "/gone" in json.loads(kept.read_text())["problems"][0]
    assert holder_of(state_dir / "lock") is None
    with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
        assert lease.snapshot.rules == (rule(1), rule(2))
    assert kept.exists()


def test_what_the_guard_cannot_give_back_is_told_at_the_next_start(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    kernel.rules = [GONE]
    holder = start().await_lease()
    kernel.refused_rules[GONE] = 2
    holder.end()
    wait_until(lambda: holder_of(state_dir / "lock") is None, "the guard has gone")
    assert len(list(state_dir.glob("lease-failed-*.json"))) == 1
    messages = restore(state_dir, kernel.connect)
    assert any("'/gone'" in message for message in messages)


def test_a_kernel_that_is_silent_for_a_while_is_asked_again(
    kernel: FakeKernel, state_dir: Path, start: Callable[..., Holder]
) -> None:
    before = kernel.state()
    holder = start("--enable").await_lease()
    kernel.refuse[GET, None] = 12
    holder.end()
    wait_until((state_dir / "guard.log").exists, "a first attempt has failed")
    kernel.refuse.clear()
    given_back(kernel, state_dir, before)


@pytest.mark.parametrize("setting", [{"enabled": 2}, {"failure": 2}])
def test_a_host_that_must_not_be_touched_is_not_touched(
    kernel: FakeKernel, state_dir: Path, setting: dict[str, int]
) -> None:
    kernel.settings.update(setting)
    with (
        pytest.raises(HostUnfitError) as caught,
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert caught.value.remedy
    assert kernel.log == []
    assert not (state_dir / "lease.json").exists()
    assert holder_of(state_dir / "lock") is None


def test_a_live_daemon_is_refused_with_the_remedy(
    kernel: FakeKernel, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.daemon = os.getpid()
    monkeypatch.setattr("harness.kernel.lease.lease.is_live_daemon", lambda pid: True)
    with (
        pytest.raises(HostUnfitError, match=rf"\(pid {os.getpid()}\) is registered.*--borrow"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert kernel.log == []


def test_a_guard_that_cannot_start_stops_the_run_before_anything_changes(
    kernel: FakeKernel, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(HostUnfitError, match="guard did not start"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert kernel.log == []
    given_back(kernel, state_dir, kernel.state())
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    with (
        pytest.raises(HostUnfitError, match="guard cannot be started"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert kernel.log == []


def test_a_snapshot_that_cannot_be_written_stops_the_run_before_anything_changes(
    kernel: FakeKernel, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(HostUnfitError, match="No space left on device"),
        take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect),
    ):
        pass
    assert kernel.log == []


def test_a_rule_the_kernel_refuses_ends_the_run_and_all_is_given_back(
    kernel: FakeKernel, state_dir: Path
) -> None:
    before = kernel.state()
    kernel.refused_rules[GONE] = 22

    def run() -> None:
        with take_lease(command="t", state_dir=state_dir, socket_factory=kernel.connect) as lease:
            lease.apply(AuditState(enabled=1, rules=(rule(5), rule(6), GONE)))

    with pytest.raises(HostUnfitError, match="unknown to this kernel"):
        run()
    given_back(kernel, state_dir, before)
