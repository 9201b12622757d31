"""What a guest is told: written down and read back; and what is said where no guest can start."""

from __future__ import annotations

import json
import os

import pytest

from harness.errors import UsageError
from harness.guest.boot import MOST_ROOT_BYTES, Guest, find_emulator, kernel_parameters
from harness.guest.contents import interpreter
from harness.guest.kernels.images import KernelImage
from harness.guest.kernels.memory import open_in_memory
from harness.guest.order import GuestDaemon, GuestTrial, Order, order_document, read_order
from harness.model.run import Scenario
from harness.model.state import AuditState

STATES = (
    None,
    AuditState(enabled=0),
    AuditState(enabled=1, backlog_limit=8192, failure=0, rules=(b"\x00\xff" * 520, b"second")),
)


def test_an_order_is_read_back_as_it_was() -> None:
    trials = tuple(
        GuestTrial(index, state, ("syscalls", "--auid=keep"), ("--mode", "unicast"))
        for index, state in enumerate(STATES)
    )
    daemon = GuestDaemon("auditd", "/auditbench/daemons/0/bin/auditd", (1327,), 4096)
    trials += (GuestTrial(3, STATES[2], ("udp",), daemon=daemon),)
    order = Order(trials, settle_s=1.5, chunks=7, chunk_instructions=1000, daemons_by="a.module")
    assert read_order(json.loads(json.dumps(order_document(order)))) == order


def test_a_scenario_is_given_as_the_state_that_it_is() -> None:
    scenario = Scenario("site", "a rule file", rule_text=("-a …",), enabled=1, rules=(b"rule",))
    order = Order((GuestTrial(0, scenario, ("syscalls",)),))
    (trial,) = read_order(order_document(order)).trials
    assert trial.state == AuditState(enabled=1, rules=(b"rule",))


def test_without_an_emulator_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/no-such")
    with pytest.raises(UsageError, match="apt-get install --no-install-recommends qemu-system-x86"):
        find_emulator()


def test_the_kernel_is_told_to_start_this_python() -> None:
    words = kernel_parameters().split()
    assert f"rdinit={interpreter()}" in words
    assert words[words.index("--") + 1 :][-2:] == ["-m", "harness.guest.inside.agent"]
    assert len(kernel_parameters()) < 2048


def test_a_root_that_has_no_room_in_a_guest_is_refused_before_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The kernel would panic for want of a root, which tells nobody that it was too large."""
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a guest was started"))
    with open_in_memory(b"", "root") as root:
        os.ftruncate(root, MOST_ROOT_BYTES + (1 << 20))
        with pytest.raises(UsageError, match=r"given 97 MiB .* has memory for 96: name few"):
            Guest(KernelImage("x", "6.1", b""), root, root, seed=1)
