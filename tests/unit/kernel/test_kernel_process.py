"""Processes by pid and start time, and the register of children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.kernel.lease.children import ChildRegister, read_children
from harness.processes.identity import (
    ProcessId,
    end_processes,
    identify,
    is_alive,
    send_signal,
    wait_gone,
)
from tests.support.patience import PATIENCE_S

SLEEP = [sys.executable, "-S", "-c", "import time; print(flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


def start(command: list[str]) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    return child


def identity(child: subprocess.Popen[bytes]) -> ProcessId:
    process = identify(child.pid)
    assert process is not None
    return process


def test_a_process_is_told_from_another_with_its_pid() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert is_alive(me)
    assert not is_alive(ProcessId(me.pid, me.start_ticks + 1))


def test_a_zombie_is_gone() -> None:
    child = start(SLEEP)
    process = identity(child)
    assert is_alive(process)
    child.kill()
    assert wait_gone([process], 10) == []
    child.wait()
    assert identify(child.pid) is None


def test_a_name_with_brackets_and_spaces_is_read(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    fields = ["S", "1"] + ["0"] * 15 + ["1", "0", "4242"]
    (tmp_path / "7" / "stat").write_text(f"7 (a) b ( c)) {' '.join(fields)} 0 0\n")
    assert identify(7, tmp_path) == ProcessId(7, 4242)


def test_a_zombie_leader_with_threads_is_not_gone(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    fields = ["Z", "1"] + ["0"] * 15 + ["3", "0", "4242"]
    (tmp_path / "7" / "stat").write_text(f"7 (x) {' '.join(fields)} 0 0\n")
    assert is_alive(ProcessId(7, 4242), tmp_path)


def test_ending_asks_first() -> None:
    child = start(SLEEP)
    assert end_processes([identity(child)], grace_s=10, timeout_s=PATIENCE_S) == []
    assert child.wait() == -signal.SIGTERM


@pytest.mark.parametrize("stopped", [False, True])
def test_who_does_not_listen_is_killed(stopped: bool) -> None:
    child = start(DEAF)
    if stopped:
        child.send_signal(signal.SIGSTOP)
    assert end_processes([identity(child)], grace_s=0.05, timeout_s=PATIENCE_S) == []
    assert child.wait() == -signal.SIGKILL


def test_a_stopped_process_is_asked_too() -> None:
    child = start(SLEEP)
    child.send_signal(signal.SIGSTOP)
    assert end_processes([identity(child)], grace_s=10, timeout_s=PATIENCE_S) == []
    assert child.wait() == -signal.SIGTERM


def test_a_stranger_with_the_pid_is_left_alone() -> None:
    child = start(SLEEP)
    stranger = ProcessId(child.pid, identity(child).start_ticks - 1)
    send_signal(stranger, signal.SIGKILL)
    assert end_processes([stranger], grace_s=0, timeout_s=0) == []
    assert child.poll() is None
    child.kill()
    child.wait()


def test_without_pidfds_the_pid_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", missing)
    child = start(SLEEP)
    send_signal(identity(child), signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL


def test_waiting_ends_in_time() -> None:
    me = identify(os.getpid())
    assert me is not None
    started = time.monotonic()
    assert wait_gone([me], 0.05) == [me]
    assert time.monotonic() - started >= 0.05


def test_children_are_written_down_and_struck_out(tmp_path: Path) -> None:
    first, second = start(SLEEP), start(SLEEP)
    ids = [identity(first), identity(second)]
    register = ChildRegister(tmp_path / "children")
    for child in (first, second):
        register.add(child.pid)
    assert read_children(tmp_path / "children") == ids
    register.forget(first.pid)
    register.forget(first.pid)
    register.forget(999_999_999)
    assert read_children(tmp_path / "children") == ids[1:]
    for child in (first, second):
        child.kill()
        child.wait()
    register.add(first.pid)  # gone already
    assert read_children(tmp_path / "children") == ids[1:]
    register.close()
    register.close()


def test_a_torn_register_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "children"
    path.write_bytes(b"+1 10\n\xff\n+2\nx3 30\n+ 4 40\n\n+5 50\n-1 10\n+6 6")
    assert read_children(path) == [ProcessId(4, 40), ProcessId(5, 50), ProcessId(6, 6)]
    assert read_children(tmp_path / "missing") == []


def test_a_new_register_forgets_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "children").write_text("+1 1\n")
    ChildRegister(tmp_path / "children").close()
    assert read_children(tmp_path / "children") == []
