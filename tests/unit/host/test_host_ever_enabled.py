"""Whether audit was ever enabled: what is known without timing, the rule's short life, the verdict.

The verdict is tried on made-up times with the noise that was measured; the kernel tests try it
on the kernel.
"""

from __future__ import annotations

import json
import random
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import KernelAnswerError
from harness.host.ever_enabled import probe
from harness.host.ever_enabled.locked_probe import locked_probe
from harness.host.ever_enabled.probe import never_task_rule, probe_ever_enabled
from harness.host.ever_enabled.verdict import Differences
from harness.kernel.lease.lock import RunLock, holder_of
from harness.kernel.lease.state_dir import StateDir
from tests.support.made_up_host import MadeUpClient, MadeUpHost, audit_status


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    return MadeUpHost(tmp_path)


def batch(seed: int, *, gap: float, bias: float = 0.0, odd: int = 1) -> dict[str, Any]:
    """Times of three pairs: heavy-tailed noise, shared speed changes, a gap in ns.

    `bias` is on top of the gap in the first `odd` pairs.
    """
    source, base = random.Random(seed), 200.0
    times: dict[str, list[list[float]]] = {"bare": [], "plain": []}
    for number in range(3):
        bare, plain = [], []
        for _ in range(20):
            speed = source.choice([1.0, 1.0, 1.3])
            noise = [abs(source.gauss(0, 8)) * (20 if source.random() < 0.05 else 1) for _ in "ab"]
            bare.append(base * speed + noise[0])
            plain.append(base * speed + gap + (bias if number < odd else 0) + noise[1])
        times["bare"].append(bare)
        times["plain"].append(plain)
    return times


def verdicts(*, gap: float, bias: float = 0.0) -> list[str]:
    found = []
    for seed in range(50):
        differences = Differences(3)
        differences.add(batch(seed, gap=gap, bias=bias))
        found.append(differences.verdict())
    return found


def test_equal_children_are_never_called_before() -> None:
    found = verdicts(gap=0)
    assert "differ" not in found
    assert found.count("alike") > 40


def test_a_context_is_seen_through_the_noise() -> None:
    assert set(verdicts(gap=80)) == {"differ"}


def test_a_small_difference_is_left_open() -> None:
    assert set(verdicts(gap=13)) <= {"unclear"}


def test_one_odd_child_decides_nothing() -> None:
    assert "differ" not in verdicts(gap=0, bias=80)
    assert "alike" not in verdicts(gap=80, bias=-80)


def test_two_odd_children_decide_nothing_however_long_they_are_timed() -> None:
    differences = Differences(3)
    for seed in range(20):
        differences.add(batch(seed, gap=0, bias=80, odd=2))
    assert differences.interval()[0] > 50
    assert differences.verdict() == "unclear"


def test_more_rounds_narrow_the_interval() -> None:
    differences = Differences(3)
    differences.add(batch(1, gap=0))
    low, high = differences.interval()
    for seed in range(2, 12):
        differences.add(batch(seed, gap=0))
    narrower = differences.interval()
    assert narrower[1] - narrower[0] < high - low
    assert differences.evidence()["comparisons"] == 11 * 60


def test_the_rule_is_that_of_never_task_for_one_parent() -> None:
    rule = never_task_rule(4242)
    assert len(rule) == 1040
    assert struct.unpack_from("=III", rule) == (1, 0, 1)  # task list, never, one field
    assert struct.unpack_from("=I", rule, 268) == (0,)  # pid
    assert struct.unpack_from("=I", rule, 524) == (4242,)
    assert struct.unpack_from("=I", rule, 780) == (0x40000000,)  # =
    assert sum(rule) == 1 + 1 + sum(struct.pack("=I", 4242)) + 0x40


def test_enabled_now_needs_no_rule(host: MadeUpHost) -> None:
    client = MadeUpClient(audit_status(enabled=1))
    assert probe_ever_enabled(client, tree=host.tree).state == "now"
    assert client.log == []


def test_booted_with_audit_needs_no_rule(host: MadeUpHost) -> None:
    host.write("/proc/cmdline", "audit=1")
    client = MadeUpClient()
    assert probe_ever_enabled(client, tree=host.tree).state == "before"
    assert client.log == []


def test_a_task_rule_of_the_hosts_own_stops_the_probe(host: MadeUpHost) -> None:
    client = MadeUpClient(audit_status(lost=3), rules=[struct.pack("=I", 1) + bytes(1036)])
    answer = probe_ever_enabled(client, tree=host.tree)
    assert answer.state == "unknown"
    assert "task list" in answer.how
    assert "lost=3" in answer.how
    assert client.log == []


def test_another_pid_namespace_stops_the_probe(host: MadeUpHost) -> None:
    host.link("/proc/self/ns/pid", "pid:[4026532201]")
    client = MadeUpClient()
    assert probe_ever_enabled(client, tree=host.tree).state == "unknown"
    assert client.log == []


class FakeHelper:
    """Writes what it is asked into the client's log; answers with made-up times."""

    pid = 77
    gap = 80.0
    fails_at = "nothing"

    def __init__(self) -> None:
        self.log: list[str] = []

    def __enter__(self) -> FakeHelper:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.log.append("helper ended")

    def ask(self, command: str) -> str:
        self.log.append(command)
        if command.startswith(self.fails_at):
            raise TimeoutError("no answer")
        return json.dumps(batch(7, gap=self.gap)) if command.startswith("time") else "forked"


@pytest.fixture
def helper(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHelper]:
    fake = FakeHelper()
    monkeypatch.setattr(probe, "ForkHelper", lambda: fake)
    yield fake
    assert fake.log == [] or fake.log[-1] == "helper ended"


def test_the_rule_is_there_for_the_first_fork_only(host: MadeUpHost, helper: FakeHelper) -> None:
    client = MadeUpClient()
    helper.log = client.log
    answer = probe_ever_enabled(client, tree=host.tree)
    assert client.log[:4] == ["add", "fork bare 3", "delete", "fork plain 3"]
    assert client.log[4].startswith("time ")
    assert answer.state == "before"
    assert answer.evidence["difference_ns"] > 60


def test_the_hosts_rules_stay(host: MadeUpHost, helper: FakeHelper) -> None:
    own = [struct.pack("=I", 4) + bytes(1036)]
    client = MadeUpClient(rules=own)
    helper.gap = 0
    assert probe_ever_enabled(client, tree=host.tree).state == "never"
    assert client.rules == own


@pytest.mark.parametrize("step", ["fork bare", "fork plain", "time"])
def test_the_rule_goes_when_the_helper_fails(
    host: MadeUpHost, helper: FakeHelper, step: str
) -> None:
    helper.fails_at = step
    client = MadeUpClient()
    answer = probe_ever_enabled(client, tree=host.tree)
    assert answer.state == "unknown"
    assert client.rules == []


def test_no_clear_answer_is_unknown_after_the_budget(
    host: MadeUpHost, helper: FakeHelper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "BUDGET_S", 0.05)
    helper.gap = 13
    client = MadeUpClient()
    helper.log = client.log
    answer = probe_ever_enabled(client, tree=host.tree)
    assert answer.state == "unknown"
    assert sum(entry.startswith("time") for entry in client.log) > 1
    assert "did not decide" in answer.how


def test_a_refused_deletion_is_tried_again(host: MadeUpHost, helper: FakeHelper) -> None:
    client = MadeUpClient()
    client.refuse["delete_rule"] = [KernelAnswerError("busy", errno=105)]
    probe_ever_enabled(client, tree=host.tree)
    assert client.rules == []


def test_a_rule_that_stays_is_an_error_that_says_how_to_delete_it(
    host: MadeUpHost, helper: FakeHelper
) -> None:
    client = MadeUpClient()
    client.refuse["delete_rule"] = [KernelAnswerError("no", errno=1)] * 2
    with pytest.raises(KernelAnswerError, match=r"auditctl -d never,task -F pid=77"):
        probe_ever_enabled(client, tree=host.tree)


def test_a_rule_that_is_refused_leaves_it_open(host: MadeUpHost, helper: FakeHelper) -> None:
    client = MadeUpClient()
    client.refuse["add_rule"] = [KernelAnswerError("no memory", errno=12)]
    answer = probe_ever_enabled(client, tree=host.tree)
    assert answer.state == "unknown"
    assert "no memory" in answer.how
    assert client.log == []


def test_a_rule_whose_answer_got_lost_is_deleted(
    host: MadeUpHost, helper: FakeHelper, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = MadeUpClient()

    def add_and_lose_the_answer(rule: bytes) -> None:
        client.rules.append(rule)
        raise KernelAnswerError("no answer", errno=110)

    monkeypatch.setattr(client, "add_rule", add_and_lose_the_answer)
    assert probe_ever_enabled(client, tree=host.tree).state == "unknown"
    assert client.rules == []


def test_signals_wait_until_the_rule_is_gone(host: MadeUpHost, helper: FakeHelper) -> None:
    client = MadeUpClient()
    seen: list[str] = []

    def on_signal(_number: int, _frame: object) -> None:
        seen.append("rule loaded" if client.rules else "rule gone")

    def ask(command: str) -> str:
        if command == "fork bare 3":
            signal.raise_signal(signal.SIGTERM)
        return json.dumps(batch(7, gap=0)) if command.startswith("time") else "forked"

    helper.ask = ask  # type: ignore[method-assign]
    before = signal.signal(signal.SIGTERM, on_signal)
    try:
        probe_ever_enabled(client, tree=host.tree)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == ["rule gone"]
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_enabled_meanwhile_is_now(host: MadeUpHost, helper: FakeHelper) -> None:
    client = MadeUpClient()

    def ask(command: str) -> str:
        client.answers = audit_status(enabled=1)
        return json.dumps(batch(7, gap=80)) if command.startswith("time") else "forked"

    helper.ask = ask  # type: ignore[method-assign]
    assert probe_ever_enabled(client, tree=host.tree).state == "now"


def test_the_real_helper_times_and_ends(host: MadeUpHost) -> None:
    """Without a kernel that takes the rule both groups are alike: the answer is never `before`."""
    client = MadeUpClient()
    answer = probe_ever_enabled(client, tree=host.tree)
    assert answer.state in {"never", "unknown"}
    assert answer.evidence["bare_ns"] > 0
    assert answer.evidence["comparisons"] >= 60
    assert client.log == ["add", "delete"]
    assert client.rules == []


def test_no_probe_beside_a_run(host: MadeUpHost, tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.prepare()
    lock = RunLock(state.lock)
    lock.acquire("auditbench run overhead")
    client = MadeUpClient()
    try:
        answer = locked_probe(client, state=state)
    finally:
        lock.close()
    assert answer.state == "unknown"
    assert "auditbench run overhead" in answer.how
    assert client.log == []


def test_no_probe_over_the_leftovers_of_a_dead_run(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.prepare()
    state.lease.write_text("{}")
    client = MadeUpClient()
    assert locked_probe(client, state=state).state == "unknown"
    assert client.log == []


def test_the_lock_is_held_while_the_rule_is_loaded_and_free_afterwards(
    helper: FakeHelper, tmp_path: Path
) -> None:
    state = StateDir(tmp_path / "state")
    client = MadeUpClient()
    held: list[bool] = []

    def ask(command: str) -> str:
        held.append(holder_of(state.lock) is not None)
        return json.dumps(batch(7, gap=0)) if command.startswith("time") else "forked"

    helper.ask = ask  # type: ignore[method-assign]
    assert locked_probe(client, state=state).state in {"never", "before"}
    assert all(held)
    assert holder_of(state.lock) is None
