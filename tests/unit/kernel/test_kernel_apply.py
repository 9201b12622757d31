"""Applying states: the order of the steps, and that only what differs is touched."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HostUnfitError, KernelAnswerError, UsageError
from harness.kernel.client import AuditClient
from harness.kernel.lease.apply import StateWriter
from harness.kernel.lease.snapshot import Snapshot
from harness.model.state import AuditState
from tests.fakes.fake_kernel import SET, FakeKernel, rule
from tests.support.patience import PATIENCE_S

A, B, C, X = (rule(number) for number in (1, 2, 3, 9))
ALL_SYSCALLS = bytearray(rule(5))
ALL_SYSCALLS[12:268] = b"\xff" * 256  # listed with the class bits cleared


@pytest.fixture
def writer(kernel: FakeKernel) -> Iterator[StateWriter]:
    with AuditClient(kernel.connect, timeout_s=PATIENCE_S) as client:
        yield StateWriter(client, Snapshot.capture(client))


def test_first_settings_then_rules_then_enabled(kernel: FakeKernel, writer: StateWriter) -> None:
    writer.apply(AuditState(enabled=1, failure=0, backlog_limit=8192, rules=(A, B)))
    assert kernel.log == ["failure=0", "backlog_limit=8192", "add 1", "add 2", "enabled=1"]


def test_rules_change_while_nothing_is_recorded(kernel: FakeKernel, writer: StateWriter) -> None:
    writer.apply(AuditState(enabled=1, rules=(A, B)))
    kernel.log.clear()
    writer.apply(AuditState(enabled=1, rules=(X, A, B)))
    assert kernel.log == ["enabled=0", "add 9 prepend", "enabled=1"]
    kernel.log.clear()
    writer.apply(AuditState(enabled=1, rules=(A, C)))
    assert kernel.log == ["enabled=0", "del 9", "del 2", "add 3", "enabled=1"]


def test_what_is_in_force_is_not_touched(kernel: FakeKernel, writer: StateWriter) -> None:
    state = AuditState(enabled=1, backlog_limit=100, rules=(A, B))
    writer.apply(state)
    kernel.log.clear()
    writer.apply(state)
    assert kernel.log == []
    writer.apply(AuditState(enabled=1, backlog_limit=200, rules=(A, B)))
    assert kernel.log == ["backlog_limit=200"]


def test_disabling_comes_first(kernel: FakeKernel, writer: StateWriter) -> None:
    writer.apply(AuditState(enabled=1, rules=(A,)))
    kernel.log.clear()
    writer.apply(AuditState(enabled=0, backlog_limit=5))
    assert kernel.log == ["enabled=0", "backlog_limit=5", "del 1"]


def test_none_means_as_it_was_before_and_not_as_the_last_one_left_it(
    kernel: FakeKernel, writer: StateWriter
) -> None:
    writer.apply(AuditState(enabled=1, failure=0, backlog_wait_time=7, rate_limit=3))
    expected = writer.apply(AuditState(enabled=1))
    assert expected.settings == {**kernel.settings}
    assert kernel.settings["failure"] == 1
    assert kernel.settings["backlog_wait_time"] == 15000
    assert kernel.settings["rate_limit"] == 0


def test_a_rule_the_kernel_writes_otherwise_is_recognised_again(
    kernel: FakeKernel, writer: StateWriter
) -> None:
    state = AuditState(enabled=0, rules=(A, bytes(ALL_SYSCALLS)))
    expected = writer.apply(state)
    assert list(expected.rules) == kernel.rules
    assert kernel.rules[1] != bytes(ALL_SYSCALLS)
    kernel.log.clear()
    writer.apply(state)
    writer.apply(AuditState(enabled=0, rules=(X, A, bytes(ALL_SYSCALLS))))
    assert kernel.log == ["add 9 prepend"]


def test_a_rule_the_host_had_already_is_met_in_its_place(
    kernel: FakeKernel, writer: StateWriter
) -> None:
    kernel.rules = [kernel._normalised(bytes(ALL_SYSCALLS)), A]
    writer.apply(AuditState(enabled=0, rules=(A, bytes(ALL_SYSCALLS))))
    assert kernel.rules == [A, kernel._normalised(bytes(ALL_SYSCALLS))]


TWIN = bytes(ALL_SYSCALLS[:266]) + bytes(2) + bytes(ALL_SYSCALLS[268:])


@pytest.mark.parametrize(
    "rules",
    [(bytes(ALL_SYSCALLS), TWIN), (A, A), (TWIN, A, bytes(ALL_SYSCALLS)), (A, B, A)],
)
def test_two_rules_that_are_one_to_the_kernel_are_refused(
    writer: StateWriter, rules: tuple[bytes, ...]
) -> None:
    writer.apply(AuditState(enabled=0, rules=(A,)))
    with pytest.raises(KernelAnswerError, match=r"same rule") as caught:
        writer.apply(AuditState(enabled=0, rules=rules))
    assert caught.value.errno == errno.EEXIST


def test_a_refused_rule_is_named(kernel: FakeKernel, writer: StateWriter) -> None:
    bad = rule(4, strings=b"/no/such/dir")
    kernel.refused_rules[bad] = errno.ENOENT
    with pytest.raises(KernelAnswerError, match="/no/such/dir") as caught:
        writer.apply(AuditState(enabled=1, rules=(A, bad)))
    assert caught.value.remedy
    assert kernel.settings["enabled"] == 0  # half a rule set is not put in force


def test_a_refused_setting_is_an_error(kernel: FakeKernel, writer: StateWriter) -> None:
    kernel.refuse[SET, "backlog_limit"] = errno.EINVAL
    with pytest.raises(KernelAnswerError):
        writer.apply(AuditState(enabled=1, backlog_limit=5))


def test_prepended_rules_go_to_the_head(kernel: FakeKernel, writer: StateWriter) -> None:
    writer.apply(AuditState(enabled=0, rules=(A, bytes([0x14]) + B[1:])))
    assert kernel.rules == [B, A]


def test_another_program_that_adds_rules_meanwhile_is_noticed(
    kernel: FakeKernel, writer: StateWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = kernel._add
    monkeypatch.setattr(kernel, "_add", lambda payload: (add(X), add(payload))[1])
    with pytest.raises(KernelAnswerError, match="2 rules, not the 1"):
        writer.apply(AuditState(enabled=0, rules=(A,)))


def test_a_host_locked_meanwhile_is_left_alone(kernel: FakeKernel, writer: StateWriter) -> None:
    kernel.settings["enabled"] = 2
    with pytest.raises(HostUnfitError, match="locked"):
        writer.apply(AuditState(enabled=1))


def test_a_kernel_without_waiting_is_not_asked_to_wait(tmp_path: Path) -> None:
    with FakeKernel(tmp_path / "old") as kernel:
        kernel.status_bytes = 32
        with AuditClient(kernel.connect) as client:
            writer = StateWriter(client, Snapshot.capture(client))
            writer.apply(AuditState(enabled=1, backlog_limit=5))
            assert kernel.log == ["backlog_limit=5", "enabled=1"]
            with pytest.raises(HostUnfitError, match="does not know backlog_wait_time"):
                writer.apply(AuditState(enabled=1, backlog_wait_time=5))


@pytest.mark.parametrize(
    "wrong",
    [
        {"enabled": 2},
        {"enabled": 1, "failure": 2},
        {"enabled": -1},
        {"enabled": 1, "backlog_limit": -1},
        {"enabled": 1, "rate_limit": 2**32},
    ],
)
def test_what_cannot_be_given_back_cannot_be_wanted(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        AuditState(**wrong)
