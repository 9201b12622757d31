"""What loading and deleting a rule set costs: every send counted, less what measuring costs."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.guest.inside import agent, rule_life
from harness.guest.inside.rule_life import TimedSocket, measure_life
from harness.kernel.client import AuditClient
from harness.model.state import AuditState
from tests.fakes.fake_kernel import FakeKernel, rule


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that advances by 10 a reading."""
    readings: Iterator[int] = iter(range(0, 1 << 30, 10))
    monkeypatch.setattr(rule_life.time, "thread_time_ns", lambda: next(readings))


@pytest.mark.usefixtures("clock")
def test_sends_are_added_up_and_measuring_is_taken_off() -> None:
    ours, theirs = socket.socketpair()
    with theirs, TimedSocket(ours.family, ours.type, ours.proto, fileno=ours.detach()) as timed:
        for _ in range(3):
            assert timed.send(b"abc") == 3
        timed.cpu_ns += 100
        assert timed.taken() == 100
        assert timed.taken() == 0
        assert theirs.recv(100) == b"abc" * 3


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKernel]:
    """A kernel without rules, to which control sockets lead."""
    with FakeKernel(tmp_path / "audit") as fake:
        monkeypatch.setattr("harness.guest.inside.rule_life.open_audit_socket", fake.connect)
        yield fake


def test_rules_are_loaded_and_deleted_and_none_is_left(kernel: FakeKernel) -> None:
    found = measure_life([rule(1), rule(2)])
    assert found["rules"] == 2
    assert found.keys() == {"rules", "load", "delete"}
    assert kernel.rules == []


def test_a_rule_that_is_refused_leaves_no_number_and_no_rule(kernel: FakeKernel) -> None:
    assert measure_life([rule(1), rule(1)]) == {}
    assert kernel.rules == []


def test_a_guest_counts_each_rule_set_once(kernel: FakeKernel) -> None:
    with AuditClient(kernel.connect) as client:
        states = agent._States(client)
        one = AuditState(enabled=1, rules=(rule(1),))
        assert states.life_of_rules(None) == {}
        assert states.life_of_rules(AuditState(enabled=1)) == {}
        assert states.life_of_rules(one)["rules"] == 1
        assert states.life_of_rules(one) is states.life_of_rules(one)
        states.enter(one)
        assert kernel.rules == [rule(1)]
        assert states.life_of_rules(AuditState(enabled=1, rules=(rule(2),)))["rules"] == 1
        assert kernel.rules == []
