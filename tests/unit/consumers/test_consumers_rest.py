"""When another program rests: it has used hardly any CPU time, and does not wait for any."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.consumers.foreign import running
from harness.consumers.foreign.usage import Usage
from harness.host.tree import HostTree
from tests.support.patience import PATIENCE_S


def threads(root: Path, *states: str) -> HostTree:
    for number, state in enumerate(states, start=7):
        folder = root / f"proc/7/task/{number}"
        folder.mkdir(parents=True)
        (folder / "stat").write_text(f"{number} (a) R (b) {state} 1 7 7 0 -1\n")
    return HostTree(root)


@pytest.mark.parametrize(
    ("states", "wants"),
    [("S", False), ("SS", False), ("SR", True), ("D", True), ("T", False), ("", False)],
)
def test_a_thread_that_runs_or_waits_for_a_cpu_or_a_disk_wants_more(
    states: str, wants: bool, tmp_path: Path
) -> None:
    assert Usage({7: "a"}, threads(tmp_path, *states)).wants_more() is wants


def test_the_state_is_that_of_the_kernel() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert Usage({busy.pid: "busy"}).wants_more()
            os.kill(busy.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, busy.pid, os.WSTOPPED)
            assert not Usage({busy.pid: "busy"}).wants_more()
        finally:
            busy.kill()
            busy.wait(PATIENCE_S)


class Starved(Usage):
    """Uses nothing, because it does not get a CPU until it was looked at so often."""

    def __init__(self, looks: int) -> None:
        super().__init__({})
        self.looks = looks

    def wants_more(self) -> bool:
        self.looks -= 1
        return self.looks >= 0


def test_what_does_not_get_a_cpu_does_not_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "RESTS_S", 0.01)
    monkeypatch.setattr(running, "REST_POLL_S", 0.004)
    usage = Starved(20)
    assert running.await_rest(usage, PATIENCE_S)
    assert usage.looks < 0
    assert not running.await_rest(Starved(10**9), 0.05)
