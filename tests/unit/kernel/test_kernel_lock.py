"""One run per machine, by name."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.kernel.lease import lock as lock_module
from harness.kernel.lease.lock import Holder, RunLock, holder_of, read_holder
from harness.processes.identity import ProcessId
from tests.support.patience import PATIENCE_S

HOLD = """
import sys, time
from pathlib import Path
from harness.kernel.lease.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire("auditbench run overhead")
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the lock."""
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    yield child
    child.kill()
    child.wait()


def test_a_free_lock_is_taken_and_let_go(path: Path) -> None:
    first = RunLock(path)
    first.acquire("one")
    holder = holder_of(path)
    assert holder is not None
    assert (holder.process.pid, holder.command) == (os.getpid(), "one")
    first.close()
    first.close()
    assert holder_of(path) is None
    second = RunLock(path)
    second.acquire("two")
    second.close()


def test_the_second_is_refused_by_the_name_of_the_first(
    path: Path, other: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(HostUnfitError) as caught:
        RunLock(path).acquire("two")
    assert str(caught.value) == (
        f"another auditbench run is using this host's audit (pid {other.pid},"
        f" `auditbench run overhead`, since {datetime.now():%H:%M}):"
        " wait for its end; verbs that have --wait do so"
    )


def test_the_second_waits_and_says_for_whom(path: Path, other: subprocess.Popen[bytes]) -> None:
    told: list[tuple[Holder | None, float]] = []

    def on_wait(holder: Holder | None, waited_s: float) -> None:
        told.append((holder, waited_s))
        if len(told) == 2:
            other.kill()

    lock = RunLock(path)
    lock.acquire("two", wait=True, on_wait=on_wait)
    assert told[0][0] is not None
    assert told[0][0].process.pid == other.pid
    assert told[1][1] > told[0][1]
    holder = holder_of(path)
    assert holder is not None
    assert holder.command == "two"
    lock.close()


def test_an_interrupted_wait_leaves_nothing(path: Path, other: subprocess.Popen[bytes]) -> None:
    def interrupt(_holder: Holder | None, _waited_s: float) -> None:
        raise KeyboardInterrupt

    lock = RunLock(path)
    with pytest.raises(KeyboardInterrupt):
        lock.acquire("two", wait=True, on_wait=interrupt)
    assert lock.fileno() == -1


def test_who_inherits_the_lock_holds_it(path: Path) -> None:
    lock = RunLock(path)
    lock.acquire("one")
    heir = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(60)"], pass_fds=[lock.fileno()]
    )
    lock.close()
    assert holder_of(path) is not None
    heir.kill()
    heir.wait()
    assert holder_of(path) is None


def test_the_guard_of_a_dead_run_is_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = RunLock(path)
    first.acquire("one")
    monkeypatch.setattr(lock_module, "is_alive", lambda process: False)
    threading.Timer(0.2, first.close).start()
    second = RunLock(path)
    started = time.monotonic()
    second.acquire("two")
    assert time.monotonic() - started >= 0.1
    second.close()


def test_a_guard_that_does_not_end_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = RunLock(path)
    first.acquire("one")
    monkeypatch.setattr(lock_module, "is_alive", lambda process: False)
    monkeypatch.setattr(lock_module, "_GUARD_PATIENCE_S", 0.1)
    with pytest.raises(HostUnfitError, match="guard of a run that died"):
        RunLock(path).acquire("two")
    first.close()


def test_a_forked_child_does_not_keep_the_lock(path: Path) -> None:
    lock = RunLock(path)
    lock.acquire("one")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)  # until the parent closes its end
        os._exit(0)
    os.close(reader)
    try:
        lock.close()
        deadline = time.monotonic() + PATIENCE_S
        while holder_of(path) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert holder_of(path) is None
    finally:
        os.close(writer)
        os.waitpid(child, 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff\xfe"])
def test_a_lock_file_that_says_nothing_names_nobody(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read_holder(path) is None
    assert holder_of(path) is None


def test_a_holder_that_has_not_written_its_name_is_waited_for_a_moment(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = RunLock(path)
    first.acquire("one")
    path.write_bytes(b"")
    with pytest.raises(HostUnfitError, match="another auditbench run is using"):
        RunLock(path).acquire("two")
    first.close()


def test_yesterday_is_told_with_its_date() -> None:
    since = datetime.now().astimezone() - timedelta(days=1)
    holder = Holder(ProcessId(1, 1), "x", since)
    assert f"since {since:%Y-%m-%d %H:%M}" in holder.describe()


def test_a_lock_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(HostUnfitError, match="cannot open"):
        RunLock(tmp_path / "missing" / "lock").acquire("x")


def test_a_planted_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "target")
    with pytest.raises(HostUnfitError, match="cannot open"):
        RunLock(path).acquire("x")
    assert not (tmp_path / "target").exists()
