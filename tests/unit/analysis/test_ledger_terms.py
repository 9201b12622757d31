"""What rules keep back, and a consumer that is stopped and started again."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model.run import Scenario
from harness.run.plan.scenario import bind_named, bind_rule_files, read_rule_files
from harness.run.trials.demanded_events import demanded_events
from harness.run.trials.pause import paused
from tests.support.patience import PATIENCE_S
from tests.support.worker_documents import worker_document

EXE = "/bin/true"
DONE = worker_document(yields={"connect": 1, "execve": 0, "bind": 0}, exe=EXE, auid=1000, ops=50)


def named(name: str) -> Scenario:
    return bind_named(name, exe=EXE, noisy="connect")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("rules", (50, 0)),
        ("rules+exclude-exe", (0, 50)),
        ("rules+exclude-call", (0, 50)),
        ("no-rules", (0, 0)),
        ("no-audit", (0, 0)),
        ("disabled", (0, 0)),
        ("connect-scoped", (0, 0)),  # its login uid is another
    ],
)
def test_suppressed_is_what_the_always_rules_alone_demand_more(
    name: str, found: tuple[int, int]
) -> None:
    assert demanded_events(named(name), DONE) == found


def test_what_a_rule_cannot_tell_stays_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.rules"
    path.write_text("-a never,exit -S connect -F a0=3\n-a always,exit -S connect\n")
    files = read_rule_files([path], ignore_lock=False)
    (scenario,) = bind_rule_files(files, exclude_exe=None, noisy="", wanted=())
    assert demanded_events(scenario, DONE) == (None, None)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]


def wait_for(pid: int, state: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while state_of(pid) != state:
        assert time.monotonic() < deadline, f"never in state {state}"
        time.sleep(0.005)


def test_a_paused_process_stands_and_runs_again(sleeper: subprocess.Popen[bytes]) -> None:
    with paused([sleeper.pid], 1, 400):
        wait_for(sleeper.pid, "T")
    wait_for(sleeper.pid, "S")


def test_a_pause_ends_with_what_failed(sleeper: subprocess.Popen[bytes]) -> None:
    def fail() -> None:
        with paused([sleeper.pid], 0, 100_000):
            wait_for(sleeper.pid, "T")
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    wait_for(sleeper.pid, "S")


def test_a_process_that_is_gone_is_no_error() -> None:
    with paused([2**22 - 1], 0, 1):
        pass
