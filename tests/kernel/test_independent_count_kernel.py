"""The independent counts on the live kernel: exact, and equal to what was done."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.host.exec_counting.exec_counter import ExecCounter
from tests.support.syscall_counter import SyscallCounter

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
TRUE = "/bin/true"


def run_workload(name: str, ops: int) -> dict[str, int]:
    command = [sys.executable, "-P", "-m", "workloads", name, "--ops", str(ops), "--no-session"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    document: dict[str, int] = json.loads(done.stdout)
    return document


def test_executions_of_our_tree_are_exact() -> None:
    with ExecCounter(root_pid=os.getpid()) as events:
        for _ in range(50):
            subprocess.run([TRUE], check=True)
        for _ in range(5):
            subprocess.run(["/bin/sh", "-c", f"{TRUE}; {TRUE}"], check=True)
    count = events.count
    assert (count.missed, count.drops) == (0, 0)
    assert count.execs == 50 + 5 * 3 - saved_by_the_shell(5)


def saved_by_the_shell(times: int) -> int:
    """Some shells replace themselves by their last command: measured, since it is their choice."""
    with ExecCounter(root_pid=os.getpid()) as events:
        subprocess.run(["/bin/sh", "-c", f"{TRUE}; {TRUE}"], check=True)
    return (3 - events.count.execs) * times


def test_a_failed_execution_is_none() -> None:
    with ExecCounter(root_pid=os.getpid()) as events, pytest.raises(FileNotFoundError):
        subprocess.run(["/nonexistent/program"], check=False)
    assert events.count.execs == 0


def test_other_trees_are_left_out() -> None:
    with ExecCounter(root_pid=2**30) as events:
        subprocess.run([TRUE], check=True)
    assert events.count.execs == 0
    assert events.count.messages > 0


def test_two_counters_at_once_do_not_disturb_each_other() -> None:
    with ExecCounter(root_pid=os.getpid()) as outer:
        subprocess.run([TRUE], check=True)
        with ExecCounter(root_pid=os.getpid()) as inner:
            subprocess.run([TRUE], check=True)
        subprocess.run([TRUE], check=True)
    assert (outer.count.execs, inner.count.execs) == (3, 1)
    assert (outer.count.missed, inner.count.missed) == (0, 0)


def test_an_overrun_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a tiny buffer and a reader that is kept away, messages are lost: it has to be known."""
    monkeypatch.setattr("harness.host.exec_counting.exec_counter._RCVBUF_BYTES", 4096)
    events = ExecCounter(root_pid=os.getpid())
    monkeypatch.setattr(ExecCounter, "_read", lambda self: self._stop.wait())
    with events:
        for _ in range(100):
            subprocess.run([TRUE], check=True)
        monkeypatch.undo()
        events._stop.set()
        events._reader.join()  # type: ignore[union-attr]
        events._read()
    assert events.count.execs < 100
    assert events.count.drops > 0


def test_calls_of_our_own_process_are_exact() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        with SyscallCounter("connect", pid=os.getpid()) as calls:
            for _ in range(1000):
                udp.connect(("127.0.0.1", 9))
        udp.connect(("127.0.0.1", 9))
    assert calls.count == 1000


def test_calls_of_children_are_counted_with_their_parent() -> None:
    program = "import os\nfor _ in range(500): os.getppid()"
    with SyscallCounter("getppid", pid=os.getpid()) as calls:
        subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)
    assert calls.count == 500


def test_unknown_syscall_is_one_line() -> None:
    with pytest.raises(HostUnfitError, match="frobnicate calls cannot be counted"):
        SyscallCounter("frobnicate").__enter__()


def test_nothing_stays_mounted_or_open() -> None:
    mounts = Path("/proc/self/mounts").read_text()
    descriptors = sorted(Path("/proc/self/fd").iterdir())
    with SyscallCounter("connect") as calls:
        assert calls.count >= 0
    assert Path("/proc/self/mounts").read_text() == mounts
    assert sorted(Path("/proc/self/fd").iterdir()) == descriptors


def test_shells_of_the_workload() -> None:
    with ExecCounter(root_pid=os.getpid()) as idle:
        run_workload("shells", 1)
    with ExecCounter(root_pid=os.getpid()) as events, SyscallCounter("execve") as calls:
        document = run_workload("shells", 301)
    assert document["ops"] == 301
    assert (events.count.missed, events.count.drops) == (0, 0)
    # The start of the generator is the same in both.
    assert events.count.execs - idle.count.execs == 300
    assert calls.count >= events.count.execs


def test_connects_of_the_workload() -> None:
    with SyscallCounter("connect", pid=os.getpid()) as idle:
        run_workload("udp", 1)
    with SyscallCounter("connect", pid=os.getpid()) as calls:
        document = run_workload("udp", 20_001)
    assert document["ops"] == 20_001
    assert calls.count - idle.count == 20_000
