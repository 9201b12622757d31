"""Whether the registered daemon lives, by a made-up /proc, and clearing a dead one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.kernel.client import AuditClient
from harness.kernel.lease import daemon as daemon_module
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon, process_name
from tests.fakes.fake_kernel import FakeKernel

HEAD = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"


def row(family: int, inode: int) -> str:
    return f"00000000a9b8c7d6 {family:<3} 812        00000000 0        0        0     2        0        {inode}\n"  # noqa: E501


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with the process 812, which holds an audit socket with inode 5005."""
    place = tmp_path / "proc" / "812"
    (place / "net").mkdir(parents=True)
    (place / "net" / "netlink").write_text(HEAD + row(0, 4004) + row(9, 5005))
    (place / "fd").mkdir()
    (place / "fd" / "0").symlink_to("/dev/null")
    (place / "fd" / "3").symlink_to("socket:[5005]")
    (place / "comm").write_text("auditd\n")
    return tmp_path / "proc"


def test_a_process_with_an_audit_socket_lives(proc: Path) -> None:
    assert is_live_daemon(812, proc)
    assert process_name(812, proc) == "auditd"


def test_a_process_that_is_gone_does_not(proc: Path) -> None:
    assert not is_live_daemon(813, proc)
    assert process_name(813, proc) == ""


@pytest.mark.parametrize("link", ["socket:[4004]", "socket:[55005]", "/dev/null"])
def test_another_socket_is_no_audit_socket(proc: Path, link: str) -> None:
    (proc / "812" / "fd" / "3").unlink()
    (proc / "812" / "fd" / "3").symlink_to(link)
    assert not is_live_daemon(812, proc)


def test_what_cannot_be_looked_at_is_left_alone(
    proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(_self: Path) -> Iterator[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert is_live_daemon(812, proc)


def test_this_process_is_looked_at_for_real() -> None:
    assert not is_live_daemon(os.getpid())
    assert not is_live_daemon(2**22 + 1)


def test_a_live_daemon_is_not_even_pinged(
    kernel: FakeKernel, client: AuditClient, proc: Path
) -> None:
    (proc / "812" / "stat").write_text(stat("S", 0x400008))
    kernel.daemon = 812
    assert not clear_stale_daemon(client, proc)
    assert (kernel.daemon, kernel.log) == (812, [])


def stat(state: str, flags: int) -> str:
    return f"812 (auditd) {state} 1 812 812 0 -1 {flags} " + "0 " * 30


def test_one_that_is_dying_is_waited_for(
    kernel: FakeKernel, client: AuditClient, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (proc / "812" / "stat").write_text(stat("R", 0x40400C))
    kernel.daemon = 812

    def socket_closes(_seconds: float) -> None:
        (proc / "812" / "fd" / "3").unlink(missing_ok=True)
        kernel.daemon_alive = False

    monkeypatch.setattr(daemon_module.time, "sleep", socket_closes)
    assert clear_stale_daemon(client, proc)
    assert kernel.daemon == 0


def test_one_that_the_kernel_reaches_for_a_moment_is_waited_for(
    kernel: FakeKernel, client: AuditClient, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_seconds: float) -> None:
        kernel.daemon_alive = False

    monkeypatch.setattr(daemon_module.time, "sleep", dies)
    kernel.daemon, kernel.daemon_alive = 813, True
    assert clear_stale_daemon(client, proc)
    assert kernel.daemon == 0


def test_an_empty_seat_is_left_alone(kernel: FakeKernel, client: AuditClient, proc: Path) -> None:
    assert not clear_stale_daemon(client, proc)
    assert kernel.log == []


def test_while_disabled_registering_clears(
    kernel: FakeKernel, client: AuditClient, proc: Path
) -> None:
    kernel.daemon, kernel.daemon_alive = 813, False
    assert clear_stale_daemon(client, proc)
    assert kernel.daemon == 0
    assert kernel.log == ["pid=self", "pid=0"]


def test_while_enabled_a_message_clears_and_the_seat_is_not_taken(
    kernel: FakeKernel, client: AuditClient, proc: Path
) -> None:
    kernel.settings["enabled"] = 1
    kernel.daemon, kernel.daemon_alive = 813, False
    assert clear_stale_daemon(client, proc)
    assert kernel.daemon == 0
    assert kernel.log == ["message auditbench: is the registered audit daemon alive?"]


def test_without_the_right_to_send_messages_registering_clears(
    kernel: FakeKernel, client: AuditClient, proc: Path
) -> None:
    kernel.settings["enabled"] = 1
    kernel.refuse[1121, None] = 1
    kernel.daemon, kernel.daemon_alive = 813, False
    assert clear_stale_daemon(client, proc)
    assert kernel.daemon == 0


def test_one_that_lives_after_all_stays(
    kernel: FakeKernel, client: AuditClient, proc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a daemon that cannot be seen from here, but that the kernel reaches
    monkeypatch.setattr(daemon_module, "_NOTICE_S", 0.01)
    kernel.daemon, kernel.daemon_alive = 813, True
    assert not clear_stale_daemon(client, proc)
    assert kernel.daemon == 813
