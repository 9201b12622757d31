"""Giving back: the order of the steps, and that it can die at any of them."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from harness.errors import HostUnfitError, KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.lease import restore as restore_module
from harness.kernel.lease.file import load_record
from harness.kernel.lease.restore import TOKEN_VARIABLE, Report, conclude, give_back
from harness.kernel.lease.snapshot import LeaseRecord
from harness.kernel.lease.state_dir import StateDir
from harness.processes.identity import ProcessId, end_processes, identify
from tests.fakes.fake_kernel import ADD, SET, FakeKernel, rule
from tests.support.patience import PATIENCE_S

A, B, C, X, Y = (rule(number) for number in (1, 2, 3, 8, 9))
NOBODY = 2**22 + 1  # no Linux system gives out this pid


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[FakeKernel]:
    with FakeKernel(tmp_path / "audit") as fake:
        fake.rules = [A, B, C]
        fake.settings.update(enabled=1, backlog_limit=320, backlog_wait_time=9)
        yield fake


@pytest.fixture
def record(client: AuditClient) -> LeaseRecord:
    return LeaseRecord.take(client, "a run")


def disturb(kernel: FakeKernel) -> None:
    """What a run may have left in force."""
    kernel.rules = [X, B, C, Y]
    kernel.settings.update(
        enabled=1, failure=0, rate_limit=5, backlog_limit=1, backlog_wait_time=60000
    )
    kernel.features = 1
    kernel.log.clear()


def test_first_calm_then_rules_then_limits_then_enabled(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    before = kernel.state()
    disturb(kernel)
    report = give_back(client, record, [])
    assert report.problems == []
    assert kernel.state() == before
    assert kernel.log == [
        "backlog_wait_time=0",
        "enabled=0",
        "enabled=0",
        "del 8",
        "del 9",
        "add 1 prepend",
        "failure=1",
        "rate_limit=0",
        "backlog_limit=320",
        "backlog_wait_time=9",
        "enabled=1",
        "features=0",
    ]


def test_calm_is_one_datagram_before_any_question(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    # any other request could put the sender to sleep for as long as the wait then is
    kernel.requests.clear()
    give_back(client, record, [])
    assert [kind for kind, _ in kernel.requests[:3]] == [SET, SET, 1000]


def test_a_second_time_changes_nothing(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    before = kernel.state()
    for _ in range(2):
        give_back(client, record, [])
        assert kernel.state() == before


def test_a_registration_that_cannot_be_cleared_does_not_stop_it(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    before = kernel.state()
    disturb(kernel)
    kernel.daemon, kernel.daemon_alive = 2**22 + 1, False
    kernel.refuse[SET, "pid"] = errno.ENOMEM
    report = give_back(client, record, [])
    assert kernel.state() == before
    assert len(report.problems) == 1


def test_a_registration_of_its_own_is_given_up(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    kernel.daemon = os.getpid()
    assert give_back(client, record, []).problems == []
    assert kernel.daemon == 0


class Died(BaseException):
    """The giver dies here."""


@pytest.mark.parametrize("step", range(13))
def test_dying_at_any_step_and_starting_again(
    kernel: FakeKernel, record: LeaseRecord, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    before = kernel.state()
    disturb(kernel)
    left = [step]
    exchange = (
        AuditClient.set_statuses,
        AuditClient.add_rule,
        AuditClient.delete_rule,
    )

    def dying(method: object) -> object:
        def call(self: AuditClient, *arguments: object) -> object:
            if left[0] == 0:
                raise Died
            left[0] -= 1
            return method(self, *arguments)  # type: ignore[operator]

        return call

    with monkeypatch.context() as patch, AuditClient(kernel.connect) as client:
        for name, method in zip(("set_statuses", "add_rule", "delete_rule"), exchange, strict=True):
            patch.setattr(AuditClient, name, dying(method))
        try:
            give_back(client, record, [])
        except Died:
            pass
        else:
            assert step >= 9, "it takes nine changes"
    with AuditClient(kernel.connect) as client:
        assert give_back(client, record, []).problems == []
    assert kernel.state() == before


def test_a_rule_whose_path_is_gone_is_named_and_all_else_comes_back(
    kernel: FakeKernel, client: AuditClient
) -> None:
    gone = rule(4, strings=b"/opt/gone/tool")
    kernel.rules = [A, gone, B]
    record = LeaseRecord.take(client, "a run")
    disturb(kernel)
    kernel.refused_rules[gone] = errno.ENOENT
    report = give_back(client, record, [])
    assert len(report.problems) == 1
    assert "'/opt/gone/tool'" in report.problems[0]
    assert "does not exist" in report.problems[0]
    assert kernel.rules == [A, B]
    assert kernel.settings == record.snapshot.settings


def test_a_refused_setting_is_named(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    disturb(kernel)
    kernel.refuse[SET, "backlog_limit"] = errno.ENOMEM
    report = give_back(client, record, [])
    assert "memory" in report.problems[0]
    assert "backlog_limit is 1 instead of 320" in report.problems
    assert kernel.rules == [A, B, C]


def test_what_the_kernel_accepts_but_does_not_do_is_noticed(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    disturb(kernel)
    monkeypatch.setattr(kernel, "_add", lambda payload: 0)
    [problem] = give_back(client, record, []).problems
    assert problem.endswith("is missing")


def test_a_host_locked_meanwhile_is_reported(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    disturb(kernel)
    kernel.settings["enabled"] = 2
    report = give_back(client, record, [])
    assert "only a reboot" in report.problems[0]
    assert "enabled is 2 instead of 1" in report.problems


def test_a_locked_feature_is_reported_and_not_forced(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    disturb(kernel)
    kernel.feature_lock = 1
    report = give_back(client, record, [])
    assert report.problems == ["features are 0x1 instead of 0x0"]
    assert not any(entry.startswith("features") for entry in kernel.log)


def test_a_kernel_that_does_not_answer_is_not_taken_for_restored(
    kernel: FakeKernel, record: LeaseRecord
) -> None:
    kernel.silent = {1000}
    with (
        AuditClient(kernel.connect, timeout_s=0.05) as client,
        pytest.raises(KernelAnswerError, match="did not answer"),
    ):
        give_back(client, record, [])


def test_duplicate_rules_come_back_in_number(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.rules = [A, B, A]
    record = LeaseRecord.take(client, "a run")
    disturb(kernel)
    assert give_back(client, record, []).problems == []
    assert kernel.rules == [A, B, A]


@pytest.mark.parametrize("enabled", [0, 1])
def test_a_dead_daemon_is_forgotten(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord, enabled: int
) -> None:
    kernel.settings["enabled"] = enabled
    kernel.daemon, kernel.daemon_alive = NOBODY, False
    report = give_back(client, record, [])
    assert kernel.daemon == 0
    assert report.done == ["a dead audit daemon's registration was cleared"]


def sleeper(environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(60)"]
    env = {**os.environ, **(environment or {})}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env=env)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    return child


def test_children_end_before_rules_change(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = sleeper()
    disturb(kernel)
    end = end_processes

    def note(*arguments: object, **options: object) -> object:
        left = end(*arguments, **options)  # type: ignore[arg-type]
        kernel.log.append("ended")
        return left

    monkeypatch.setattr(restore_module, "end_processes", note)
    identity = identify(child.pid)
    assert identity is not None
    give_back(client, record, [identity])
    assert child.wait(PATIENCE_S) != 0
    assert kernel.log[:4] == ["backlog_wait_time=0", "enabled=0", "ended", "enabled=0"]


def test_a_child_that_does_not_end_is_a_problem_and_no_obstacle(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kernel.state()
    disturb(kernel)
    monkeypatch.setattr(restore_module, "end_processes", lambda found, **_: list(found))
    report = give_back(client, record, [ProcessId(NOBODY, 1)])
    assert report.problems == [f"process {NOBODY} of the run does not end"]
    assert kernel.state() == before


@pytest.mark.parametrize("ours", [True, False])
def test_a_registered_process_of_the_run_is_ended_and_a_stranger_is_not(
    kernel: FakeKernel,
    client: AuditClient,
    record: LeaseRecord,
    monkeypatch: pytest.MonkeyPatch,
    ours: bool,
) -> None:
    child = sleeper({TOKEN_VARIABLE: record.token if ours else "another"})
    kernel.daemon = child.pid
    monkeypatch.setattr(restore_module, "is_live_daemon", lambda pid: True)
    monkeypatch.setattr("harness.kernel.lease.daemon.is_live_daemon", lambda pid, proc: not ours)
    give_back(client, record, [])
    assert (child.poll() is not None) == ours
    child.kill()
    child.wait()


@pytest.mark.parametrize("holder_died", [True, False])
def test_a_child_that_nobody_recorded_is_ended_once_its_harness_is_dead(
    client: AuditClient, record: LeaseRecord, holder_died: bool
) -> None:
    child = sleeper({TOKEN_VARIABLE: record.token})
    holder = ProcessId(NOBODY, 1) if holder_died else record.holder
    give_back(client, replace(record, holder=holder), [])
    assert (child.poll() is not None) == holder_died
    child.kill()
    child.wait()


def test_no_problem_no_file(tmp_path: Path, record: LeaseRecord) -> None:
    state = StateDir(tmp_path / "state")
    state.prepare()
    record.save(state.lease)
    state.children.write_text("")
    assert conclude(state, record, Report()) is None
    assert list(state.path.iterdir()) == []


def test_problems_keep_the_record_under_another_name(tmp_path: Path, record: LeaseRecord) -> None:
    state = StateDir(tmp_path / "state")
    state.prepare()
    record.save(state.lease)
    kept = conclude(state, record, Report(problems=["this"]))
    assert kept is not None
    assert list(state.path.iterdir()) == [kept]
    found = load_record(kept)
    assert found is not None
    assert found.problems == ("this",)
    assert found.snapshot == record.snapshot


def test_problems_keep_the_record_also_on_a_full_disk(
    tmp_path: Path, record: LeaseRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise HostUnfitError("no space")

    state = StateDir(tmp_path / "state")
    state.prepare()
    record.save(state.lease)
    monkeypatch.setattr(LeaseRecord, "save", full)
    kept = conclude(state, record, Report(problems=["this"]))
    assert kept is not None
    assert load_record(kept) == record


def test_refusing_everything_still_ends(
    kernel: FakeKernel, client: AuditClient, record: LeaseRecord
) -> None:
    disturb(kernel)
    kernel.refuse[SET, None] = kernel.refuse[ADD, None] = errno.EPERM
    report = give_back(client, record, [])
    assert any("backlog_limit is 1" in problem for problem in report.problems)
